// SPDX-License-Identifier: Apache-2.0

import { FacetPicker } from "../../components/facet-picker.js";
import { h, setText } from "../../components/element.js";
import { icon } from "../../components/icon.js";
import { countOf } from "../../model/units.js";
import { visibleText } from "../../model/visible-text.js";
import { emptyFilter, isEmptyFilter, listFields, serverFilters } from "../../state/flow-filter.js";

/** @typedef {import("../../state/flow-filter.js").ViewState} ViewState */
/** @typedef {import("../../state/flow-filter.js").ListField} ListField */
/** @typedef {import("../../model/filter-match.js").FlowFilter} FlowFilter */
/** @typedef {(type: string, filters: object, signal: AbortSignal) => Promise<string[]>} LoadHints */

/** @type {Partial<Record<ListField, { label: string, short: string, hint?: string }>>} */
const facets = {
  source_namespace: { label: "Source namespace", short: "from namespace", hint: "SourceNamespace" },
  source_name: { label: "Source", short: "from", hint: "SourceName" },
  dest_namespace: { label: "Destination namespace", short: "to namespace", hint: "DestNamespace" },
  dest_name: { label: "Destination", short: "to", hint: "DestName" },
  protocol: { label: "Protocol", short: "protocol" },
  dest_port: { label: "Port", short: "port" },
  policy: { label: "Policy", short: "policy", hint: "PolicyName" },
  reporter: { label: "Reporter", short: "reported by" },
};

const reporterWords = /** @type {Record<string, string>} */ ({ Src: "source", Dst: "destination" });

/**
 * `<filter-bar>`: every filter of the flows. Properties: `state`, `loadHints`, `seenPorts`, `seenProtocols`.
 * Event: `state-change` (detail: ViewState).
 */
export class FilterBar extends HTMLElement {
  /** @type {LoadHints} */
  loadHints = async () => [];
  /** @type {() => string[]} */
  seenPorts = () => [];
  /** @type {ViewState} */
  #state = { filter: emptyFilter(), view: "grouped", sort: "-time" };
  #text = h("input", {
    type: "search", class: "filter-text", placeholder: "Filter rows: name, label, :port, -not",
    "aria-label": "Filter rows by text", "aria-keyshortcuts": "/", autocomplete: "off", spellcheck: "false",
    input: () => this.#textChanged(),
  });
  #verdicts = segmented("Action", [["", "All"], ["Allow", "Allowed"], ["Deny", "Denied"]], (value) =>
    this.#set("action", value ? [value] : []));
  #views = segmented("View", [["grouped", "Flows"], ["windows", "Windows"]], (value) =>
    this.#change({ view: value === "windows" ? "windows" : "grouped" }));
  #changes = h("button", {
    type: "button", class: "toggle-button toggle-differs", "aria-pressed": "false",
    title: "Only flows of the last minute whose verdict the staged policies would change",
    click: () => this.#set("pending", this.#state.filter.pending.length > 0 ? [] : ["differs"]),
  }, "Would change", h("span", { class: "differs-count" }));
  #more = h("button", {
    type: "button", class: "facet-button filters-more", "aria-expanded": "false",
    click: () => this.#toggleMore(),
  });
  #clear = h("button", {
    type: "button", class: "link-button clear-filters", click: () => this.#change({ filter: emptyFilter() }),
  }, "Clear filters");
  #pickers = h("div", { class: "facet-row" });
  #chips = h("div", { class: "chip-row", role: "group", "aria-label": "Active filters" });

  connectedCallback() {
    if (this.#text.isConnected) return;
    for (const field of listFields) if (facets[field]) this.#pickers.append(this.#picker(field));
    const hint = h("kbd", { "aria-hidden": "true" }, "/");
    const search = h("label", { class: "filter-search" }, icon("search"), this.#text, hint);
    const main = [search, this.#verdicts, this.#changes, this.#more, this.#clear, this.#views];
    this.append(h("div", { class: "filter-main" }, ...main), this.#pickers, this.#chips);
  }

  focusText() {
    this.#text.focus();
    this.#text.select();
  }

  /** @param {ViewState} state */
  set state(state) {
    this.#state = state;
    const { filter } = state;
    if (document.activeElement !== this.#text && this.#text.value !== filter.q) this.#text.value = filter.q;
    mark(this.#verdicts, filter.action.length === 1 ? filter.action[0] : "");
    mark(this.#views, state.view);
    this.#changes.setAttribute("aria-pressed", String(filter.pending.length > 0));
    for (const picker of this.#pickers.children) {
      const field = /** @type {ListField} */ (/** @type {HTMLElement} */ (picker).dataset.field);
      /** @type {FacetPicker} */ (picker).values = filter[field];
    }
    this.#drawChips();
  }

  /** @param {number} count  flows that staged policies would change */
  set changesCount(count) {
    setText(/** @type {Element} */ (this.#changes.lastElementChild), count > 0 ? String(count) : "");
  }

  #textChanged() {
    this.#change({ filter: { ...this.#state.filter, q: this.#text.value } });
  }

  /** @param {ListField} field @param {string[]} values */
  #set(field, values) {
    this.#change({ filter: { ...this.#state.filter, [field]: values } });
  }

  /** @param {Partial<ViewState>} change */
  #change(change) {
    this.dispatchEvent(
      new CustomEvent("state-change", { detail: { ...this.#state, ...change }, bubbles: true })
    );
  }

  #toggleMore() {
    const isOpen = this.classList.toggle("shows-facets");
    this.#more.setAttribute("aria-expanded", String(isOpen));
  }

  /** @param {ListField} field */
  #picker(field) {
    const facet = facets[field];
    const picker = new FacetPicker();
    picker.dataset.field = field;
    picker.label = facet?.label ?? field;
    picker.allowsContains = facet?.hint !== undefined;
    picker.allowsTyped = field === "dest_port" || field === "protocol";
    if (field === "reporter") picker.wordFor = (value) => reporterWords[value] ?? value;
    picker.load = (text, signal) => this.#options(field, text, signal);
    picker.addEventListener("values-change", (event) => {
      this.#set(field, /** @type {CustomEvent<string[]>} */ (event).detail);
    });
    return picker;
  }

  /** @param {ListField} field @param {string} text @param {AbortSignal} signal */
  async #options(field, text, signal) {
    const has = (/** @type {string} */ value) => value.toLowerCase().includes(text.toLowerCase());
    if (field === "reporter") return ["Src", "Dst"].filter(
      (value) => has(reporterWords[value]) || value === text
    );
    if (field === "protocol") return ["tcp", "udp", "sctp", "icmp", "icmp6"].filter(has);
    if (field === "dest_port") return this.seenPorts().filter(has);
    const hints = await this.loadHints(
      facets[field]?.hint ?? "", serverFilters(this.#state.filter, field), signal,
    );
    return hints.filter((value) => value !== "" && has(value));
  }

  #drawChips() {
    const { filter } = this.#state;
    const count = listFields.reduce((sum, field) => sum + (facets[field] ? filter[field].length : 0), 0);
    this.#more.replaceChildren(
      icon("filter"), count > 0 ? countOf(count, "filter") : "Filters", icon("down"),
    );
    this.#more.classList.toggle("active", count > 0);
    const chips = listFields.filter((field) => facets[field])
      .flatMap((field) => filter[field].map((value) => this.#chip(field, value)));
    this.#clear.hidden = isEmptyFilter(filter);
    this.#chips.replaceChildren(...chips);
    this.#chips.hidden = chips.length === 0;
  }

  /** @param {ListField} field @param {string} value */
  #chip(field, value) {
    const label = facets[field]?.short ?? field;
    const isContains = value.startsWith("~");
    const word = visibleText(
      isContains ? value.slice(1) : field === "reporter" ? reporterWords[value] : value
    );
    const remove = () => this.#set(field, this.#state.filter[field].filter((other) => other !== value));
    const button = {
      type: "button", class: "chip-remove", "aria-label": `Remove filter ${label} ${word}`, click: remove,
    };
    return h("span", { class: "chip" }, h(
      "span", { class: "chip-field" }, isContains ? `${label} contains` : label,
    ),
      h("bdi", {}, word), h("button", button, icon("close")));
  }
}

/** @param {string} label @param {[string, string][]} options @param {(value: string) => void} change */
function segmented(label, options, change) {
  return h("div", {
    class: "segmented", role: "group", "aria-label": label,
  }, ...options.map(([value, word]) =>
    h("button", { type: "button", value, "aria-pressed": "false", click: () => change(value) }, word)));
}

/** @param {HTMLElement} group @param {string} value */
function mark(group, value) {
  for (
    const button of group.querySelectorAll("button")
  ) button.setAttribute("aria-pressed", String(button.value === value));
}

customElements.define("filter-bar", FilterBar);
