// SPDX-License-Identifier: Apache-2.0

import { anchorRow, listHeight, rowAt, rowTop, scrollToShow, visibleRange } from "../model/virtual-list.js";
import { h } from "./element.js";
import { makeRow, updateRow } from "./flow-row.js";
import { headCells } from "./flow-table-head.js";

/** @typedef {import("../api/types.js").TableItem} TableItem */
/** @typedef {import("../model/virtual-list.js").ListGeometry} ListGeometry */
/** @typedef {import("./flow-row.js").RowParts} RowParts */

const ROW_HEIGHT = 34;
const NARROW_ROW_HEIGHT = 60;
/** A table moved by the pointer keeps its order this long after the last movement. Milliseconds. */
const POINTER_REST_MS = 2_500;

/**
 * `<flow-table>`: virtual rows with one that can be opened. Rows are drawn only where they are seen; what the
 * reader looks at (the opened row, or the first one on screen) stays where it is when rows come in above.
 * Events: `row-toggle` (detail: key), `sort-change` (detail: sort), `above-change` (detail: new rows unseen).
 */
export class FlowTable extends HTMLElement {
  /** @type {TableItem[]} */
  #items = [];
  /** @type {Map<string, number>} */
  #places = new Map();
  /** @type {Map<string, RowParts>} */
  #rows = new Map();
  #openKey = "";
  #selectedKey = "";
  #sort = "-time";
  #pointerUntil = 0;
  #above = 0;
  #hasDrawn = false;
  #narrow = matchMedia("(max-width: 760px)");
  #scroller = h("div", { class: "table-scroller", role: "rowgroup", tabindex: -1 });
  #layer = h("div", { class: "table-layer", role: "presentation" });
  #head = h("div", { class: "table-head", role: "row" });
  #headGroup = h("div", { role: "rowgroup", class: "table-head-group" }, this.#head);
  #detail = h("div", { role: "row", class: "row-detail" });
  #detailCell = h("div", { role: "gridcell", class: "row-detail-cell" });
  #detailHeight = 0;

  connectedCallback() {
    if (this.#hasDrawn) return;
    this.#hasDrawn = true;
    this.setAttribute("role", "grid");
    this.setAttribute("aria-label", "Flows");
    this.tabIndex = 0;
    this.#detail.append(this.#detailCell);
    this.#scroller.append(this.#layer);
    this.append(this.#headGroup, this.#scroller);
    this.#drawHead();
    this.#scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#layer.addEventListener("click", (event) => this.#clicked(event));
    const hold = () => (this.#pointerUntil = Date.now() + POINTER_REST_MS);
    this.#scroller.addEventListener("pointermove", hold, { passive: true });
    this.#scroller.addEventListener("pointerleave", () => (this.#pointerUntil = 0));
    this.#narrow.addEventListener("change", () => this.#draw());
    new ResizeObserver(() => this.#resized()).observe(this.#scroller);
    new ResizeObserver(() => this.#detailResized()).observe(this.#detailCell);
  }

  /** Whether the order should stay as it is: a row is open, or someone is pointing. */
  get isHeld() {
    return this.#openKey !== "" || Date.now() < this.#pointerUntil;
  }

  get keys() { return this.#items.map((item) => item.key); }

  get openKey() { return this.#openKey; }

  get selectedKey() { return this.#selectedKey; }

  /** @param {TableItem[]} items  in the order to show */
  set items(items) {
    const anchor = anchorRow(this.#geometry(), this.#scroller.scrollTop, this.#scroller.clientHeight);
    const anchorKey = anchor ? this.#items[anchor.index].key : "";
    const known = this.#places;
    this.#items = items;
    this.#places = new Map(items.map((item, index) => [item.key, index]));
    if (this.#openKey && !this.#places.has(this.#openKey)) this.#setOpen("", null);
    const place = this.#places.get(anchorKey);
    this.#layer.style.height = `${listHeight(this.#geometry())}px`;
    if (anchor && place !== undefined) {
      this.#scroller.scrollTop = rowTop(this.#geometry(), place) - anchor.offset;
      for (let index = 0; index < place; index += 1) if (!known.has(items[index].key)) this.#above += 1;
    }
    this.#announceAbove();
    this.#draw();
  }

  /** @param {boolean} showsActivity  whether rows have windows behind them to draw */
  set showsActivity(showsActivity) {
    this.classList.toggle("no-activity", !showsActivity);
  }

  /** @param {string} sort */
  set sort(sort) {
    this.#sort = sort;
    this.#drawHead();
  }

  /**
   * Opens one row, or none for an empty key.
   * @param {string} key
   * @param {HTMLElement | null} content  what to show below the row
   */
  open(key, content) {
    this.#setOpen(key, content);
    this.focus({ preventScroll: true });
    this.#draw();
    if (key !== "") this.#reveal(key);
  }

  /** @param {string} key @param {HTMLElement | null} content */
  #setOpen(key, content) {
    this.#openKey = key;
    this.#detailCell.replaceChildren(...(content ? [content] : []));
    if (key === "") this.#detail.remove();
    else {
      this.#selectedKey = key;
      this.#layer.append(this.#detail);
      this.#detailHeight = this.#detailCell.offsetHeight;
    }
  }

  /** @param {number} step  rows down; negative is up */
  moveSelection(step) {
    if (this.#items.length === 0) return;
    this.focus({ preventScroll: true }); // else Enter and Space would press the button used before
    const current = this.#places.get(this.#selectedKey);
    const start = rowAt(this.#geometry(), this.#scroller.scrollTop);
    const next = current === undefined ? start : current + step;
    this.#selectedKey = this.#items[Math.max(0, Math.min(this.#items.length - 1, next))].key;
    this.#reveal(this.#selectedKey);
    this.#draw();
  }

  scrollToNewest() {
    this.#scroller.scrollTop = 0;
    this.#scrolled();
  }

  /** @param {number} pages  down; negative is up; the list's ends stop it */
  scrollPages(pages) {
    this.#scroller.scrollTop += pages * this.#scroller.clientHeight * 0.9;
  }

  #geometry() {
    const rowHeight = this.#narrow.matches ? NARROW_ROW_HEIGHT : ROW_HEIGHT;
    const openIndex = this.#places.get(this.#openKey) ?? -1;
    return { count: this.#items.length, rowHeight, openIndex, openHeight: this.#detailHeight };
  }

  /** @param {string} key */
  #reveal(key) {
    const index = this.#places.get(key);
    if (index === undefined) return;
    const { scrollTop, clientHeight } = this.#scroller;
    this.#scroller.scrollTop = scrollToShow(this.#geometry(), index, scrollTop, clientHeight);
  }

  #resized() {
    this.#headGroup.style.paddingRight = `${this.#scroller.offsetWidth - this.#scroller.clientWidth}px`;
    this.#draw();
  }

  #detailResized() {
    if (this.#openKey === "" || this.#detailHeight === this.#detailCell.offsetHeight) return;
    this.#detailHeight = this.#detailCell.offsetHeight;
    this.#draw();
  }

  #scrolled() {
    if (this.#scroller.scrollTop <= 0) this.#above = 0;
    this.#announceAbove();
    this.#draw();
  }

  #announceAbove() {
    this.dispatchEvent(new CustomEvent("above-change", { detail: this.#above }));
  }

  #draw() {
    const geometry = this.#geometry();
    this.#layer.style.height = `${listHeight(geometry)}px`;
    const { first, end } = visibleRange(geometry, this.#scroller.scrollTop, this.#scroller.clientHeight);
    const visible = this.#items.slice(first, end);
    this.#recycle(new Set(visible.map((item) => item.key)));
    visible.forEach((item, offset) => this.#place(item, first + offset, geometry));
    if (geometry.openIndex >= 0) {
      const top = rowTop(geometry, geometry.openIndex) + geometry.rowHeight;
      this.#detail.style.transform = `translateY(${top}px)`;
    }
    this.setAttribute("aria-rowcount", String(this.#items.length + 1));
    const selected = this.#rows.get(this.#selectedKey);
    if (selected) this.setAttribute("aria-activedescendant", selected.row.id);
    else this.removeAttribute("aria-activedescendant");
  }

  /** @param {Set<string>} wanted */
  #recycle(wanted) {
    for (const [key, parts] of this.#rows) {
      if (wanted.has(key)) continue;
      parts.row.remove();
      this.#rows.delete(key);
    }
  }

  /** @param {TableItem} item @param {number} index @param {ListGeometry} geometry */
  #place(item, index, geometry) {
    let parts = this.#rows.get(item.key);
    if (!parts) {
      parts = makeRow();
      parts.row.dataset.key = item.key;
      this.#rows.set(item.key, parts);
      this.#layer.append(parts.row);
    }
    if (parts.item !== item) updateRow(parts, item);
    const { row } = parts;
    const isOpen = item.key === this.#openKey;
    row.id = `row-${index}`;
    row.style.transform = `translateY(${rowTop(geometry, index)}px)`;
    row.setAttribute("aria-rowindex", String(index + 2));
    row.setAttribute("aria-expanded", String(isOpen));
    row.classList.toggle("open", isOpen);
    row.classList.toggle("selected", item.key === this.#selectedKey);
    row.classList.toggle("odd", index % 2 === 1);
  }

  #drawHead() {
    this.#head.replaceChildren(...headCells(this.#sort, (sort) => this.#emit("sort-change", sort)));
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const row = /** @type {Element} */ (event.target).closest(".row");
    if (!(row instanceof HTMLElement) || getSelection()?.type === "Range") return;
    this.#emit("row-toggle", row.dataset.key ?? "");
  }

  /** @param {string} name @param {string} detail */
  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
  }
}

customElements.define("flow-table", FlowTable);
