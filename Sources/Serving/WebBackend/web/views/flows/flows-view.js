// SPDX-License-Identifier: Apache-2.0

import { FlowTable } from "../../components/flow-table.js";
import { h, required, setText } from "../../components/element.js";
import { icon } from "../../components/icon.js";
import { filterMatcher, isActive } from "../../model/filter-match.js";
import { holdOrder, sortItems } from "../../model/item-order.js";
import { countOf } from "../../model/units.js";
import { emptyFilter, isEmptyFilter } from "../../state/flow-filter.js";
import { effect } from "../../state/signal.js";
import { emptyState } from "./empty-state.js";
import { FilterBar } from "./filter-bar.js";
import { flowDetail } from "./flow-detail.js";

/** @typedef {import("../../api/types.js").TableItem} TableItem */
/** @typedef {import("../../state/live-flows.js").LiveFlows} LiveFlows */
/** @typedef {import("../../state/flow-filter.js").ViewState} ViewState */
/** @typedef {import("../../state/signal.js").Signal<ViewState>} ViewSignal */

/** A busy live region is no help: counts are announced this often at most. Milliseconds. */
const ANNOUNCE_MS = 10_000;
const SEEN_PORTS = 50;

/**
 * `<flows-view>`: the live table with its filters. Properties: `flows`, `viewState`, `loadHints`, set before
 * it is connected.
 */
export class FlowsView extends HTMLElement {
  /** @type {LiveFlows} */
  flows;
  /** @type {ViewSignal} */
  viewState;
  /** @type {import("./filter-bar.js").LoadHints} */
  loadHints = async () => [];
  #table = new FlowTable();
  #bar = new FilterBar();
  #empty = h("div", { class: "empty-holder" });
  #emptyId = "";
  #above = h(
    "button",
    { type: "button", class: "above-button", hidden: true, click: () => this.#table.scrollToNewest() },
  );
  #announcer = h("p", { class: "visually-hidden", "aria-live": "polite" });
  #announcedAt = 0;
  /** @type {Map<string, TableItem>} */
  #shown = new Map();
  #shownState = "";
  #changes = 0;

  /** @param {LiveFlows} flows @param {ViewSignal} viewState */
  constructor(flows, viewState) {
    super();
    this.flows = flows;
    this.viewState = viewState;
  }

  connectedCallback() {
    this.#bar.loadHints = this.loadHints;
    this.#bar.seenPorts = () => this.#seenPorts();
    this.append(
      this.#bar, h("div", { class: "table-holder" }, this.#table, this.#empty, this.#above), this.#announcer,
    );
    this.#bar.addEventListener(
      "state-change", (event) => this.#go(/** @type {CustomEvent<ViewState>} */ (event).detail),
    );
    this.#table.addEventListener(
      "sort-change",
      (event) => this.#go(
        { ...this.viewState.peek(), sort: /** @type {CustomEvent<string>} */ (event).detail }
      ),
    );
    this.#table.addEventListener(
      "row-toggle", (event) => this.toggle(/** @type {CustomEvent<string>} */ (event).detail),
    );
    this.#table.addEventListener(
      "above-change", (event) => this.#showAbove(/** @type {CustomEvent<number>} */ (event).detail),
    );
    effect(() => {
      const state = this.viewState.value;
      this.#bar.state = state;
      this.#table.sort = state.sort;
      this.#table.showsActivity = state.view === "grouped";
      this.flows.follow(state.filter);
    });
    effect(() => this.#drawRows());
    effect(() => {
      void this.flows.status.value; // time passes, and changes grow old without a row
      if (this.#countChanges() !== this.#changes) this.#drawRows();
    });
    effect(() => this.#drawEmpty());
    effect(() => {
      void this.flows.policies.value;
      void this.flows.policiesError.value;
      this.#drawDetail(this.#table.openKey);
    });
  }

  focusFilter() {
    this.#bar.focusText();
  }

  /** @param {number} step */
  moveSelection(step) {
    this.#table.moveSelection(step);
  }

  scrollToNewest() {
    this.#table.scrollToNewest();
  }

  /** @param {number} pages */
  scrollPages(pages) {
    this.#table.scrollPages(pages);
  }

  toggleSelected() {
    if (this.#table.selectedKey) this.toggle(this.#table.selectedKey);
  }

  close() {
    if (this.#table.openKey) this.toggle(this.#table.openKey);
  }

  /** @param {string} key */
  toggle(key) {
    const isClosing = key === this.#table.openKey;
    this.#drawDetail(isClosing ? "" : key, true);
    if (isClosing) this.#drawRows();
  }

  /** @param {ViewState} state */
  #go(state) {
    this.viewState.value = state;
  }

  #drawRows() {
    void this.flows.version.value;
    const { filter, view, sort } = this.viewState.value;
    const stateText = JSON.stringify([filter, view, sort]);
    const { openKey } = this.#table;
    const matches = filterMatcher(filter, this.flows.nowMs);
    const matchesOpen = stateText === this.#shownState ? filterMatcher(filter, -Infinity) : matches;
    const items = sortItems(this.flows.window.items(view).filter(
      (item) => (item.key === openKey ? matchesOpen : matches)(item.row) // the opened row may grow old
    ), sort);
    const isHeld = this.#table.isHeld && stateText === this.#shownState;
    const before = this.#shown.get(this.#table.openKey);
    this.#shown = new Map(items.map((item) => [item.key, item]));
    this.#table.items = isHeld ? holdOrder(this.#table.keys, items) : items;
    if (stateText !== this.#shownState && !this.#table.openKey) this.#table.scrollToNewest();
    if (before !== this.#shown.get(this.#table.openKey)) this.#drawDetail(this.#table.openKey);
    this.#changes = this.#countChanges();
    this.#bar.changesCount = this.#changes;
    this.#announce(items, stateText !== this.#shownState);
    this.#shownState = stateText;
    this.#drawEmpty();
  }

  /** Active flows that staged policies would change. */
  #countChanges() {
    const { window, nowMs } = this.flows;
    return window.items("grouped").filter((item) => item.change && isActive(item.row, nowMs)).length;
  }

  /** @param {TableItem[]} items @param {boolean} isAsked  someone changed the filter and wants to know */
  #announce(items, isAsked) {
    const now = Date.now();
    if (!isAsked && now - this.#announcedAt < ANNOUNCE_MS) return;
    this.#announcedAt = now;
    const denied = items.reduce((sum, item) => sum + (item.row.action === "Deny" ? 1 : 0), 0);
    setText(this.#announcer, `${countOf(items.length, "row")}, ${denied} denied`);
  }

  #drawEmpty() {
    const { flows } = this;
    const state = {
      connection: flows.connection.value,
      status: flows.status.value,
      isSettled: flows.isSettled.value,
      isFiltered: !isEmptyFilter(this.viewState.value.filter),
      kept: flows.window.size,
    };
    const isEmpty = this.#shown.size === 0;
    this.classList.toggle("is-empty", isEmpty);
    if (!isEmpty) return;
    const clear = () => this.#go({ ...this.viewState.peek(), filter: emptyFilter() });
    const { id, element } = emptyState(state, { clear, retry: () => flows.retryNow() });
    if (id === this.#emptyId && this.#empty.childElementCount > 0) return;
    this.#emptyId = id;
    this.#empty.replaceChildren(element());
  }

  /**
   * Draws the opened row, or closes it for an empty key. A redraw keeps what the reader has focused or
   * selected.
   * @param {string} key
   * @param {boolean} [isAsked]  the reader opened or closed it; otherwise new data came in
   */
  #drawDetail(key, isAsked = false) {
    if (key === "") return isAsked ? this.#table.open("", null) : undefined;
    const item = this.#shown.get(key);
    if (!item || (!isAsked && this.#isReading())) return;
    const { policies, policiesError } = this.flows;
    const actions = { close: () => this.close(), only: this.#only };
    const content = flowDetail(item, policies.peek(), policiesError.peek(), actions);
    if (isAsked) this.#table.open(key, content);
    else required(this.#table, ".row-detail-cell").replaceChildren(content);
  }

  /** Whether text in the opened row is selected or a control in it has the focus. */
  #isReading() {
    const cell = this.#table.querySelector(".row-detail-cell");
    const selection = getSelection();
    if (!cell) return false;
    return cell.contains(document.activeElement) || (
      selection?.type === "Range" && cell.contains(selection.anchorNode)
    );
  }

  /** @param {Record<string, string[]>} change */
  #only = (change) => {
    const state = this.viewState.peek();
    this.#go({ ...state, filter: { ...state.filter, ...change } });
  };

  /** @param {number} count */
  #showAbove(count) {
    this.#above.hidden = count === 0;
    if (count > 0) this.#above.replaceChildren(icon("up"), `${countOf(count, "new row")} above`);
  }

  /** Ports of the kept rows, the busiest first. */
  #seenPorts() {
    /** @type {Map<number, number>} */
    const counts = new Map();
    for (
      const { row } of this.flows.window.items("grouped")
    ) counts.set(row.dest_port, (counts.get(row.dest_port) ?? 0) + 1);
    const ports = [...counts].filter(([port]) => port > 0).sort((a, b) => b[1] - a[1] || a[0] - b[0]);
    return ports.slice(0, SEEN_PORTS).map(([port]) => String(port));
  }
}

customElements.define("flows-view", FlowsView);
