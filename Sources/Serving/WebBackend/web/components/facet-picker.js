// SPDX-License-Identifier: Apache-2.0

import { visibleText } from "../model/visible-text.js";
import { h, setText } from "./element.js";
import { icon } from "./icon.js";

/** @typedef {(text: string, signal: AbortSignal) => Promise<string[]>} LoadOptions */

let serial = 0;

/**
 * `<facet-picker>`: a button that opens a searchable list of values to tick.
 * Properties: `label`, `values`, `load`, `allowsContains` (offer "contains …"), `allowsTyped` (offer the
 * text),
 * `wordFor` (value → what is shown). Event: `values-change` (detail: string[]).
 */
export class FacetPicker extends HTMLElement {
  label = "";
  allowsContains = false;
  allowsTyped = false;
  /** @type {(value: string) => string} */
  wordFor = (value) => value;
  /** @type {LoadOptions} */
  load = async () => [];
  /** @type {string[]} */
  #values = [];
  #name = h("span", { class: "facet-label" });
  #count = h("span", { class: "facet-count" });
  #button = h(
    "button", { type: "button", class: "facet-button", "aria-haspopup": "dialog", "aria-expanded": "false" },
  );
  #input = h("input", { type: "search", class: "facet-search", autocomplete: "off", spellcheck: "false" });
  #list = h("div", { class: "facet-list", role: "group" });
  #note = h("p", { class: "facet-note", role: "status" });
  #panel = h("div", { class: "facet-panel", popover: "auto", role: "dialog" });
  /** @type {AbortController | null} */
  #request = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #typing;

  connectedCallback() {
    if (this.#panel.isConnected) return;
    this.#panel.id = `facet-${(serial += 1)}`;
    this.#button.setAttribute("popovertarget", this.#panel.id);
    this.#button.append(this.#name, this.#count, icon("down"));
    setText(this.#name, this.label);
    this.#panel.setAttribute("aria-label", this.label);
    this.#input.placeholder = `Search ${this.label.toLowerCase()}`;
    this.#input.setAttribute("aria-label", this.#input.placeholder);
    this.#panel.append(this.#input, this.#list, this.#note);
    this.append(this.#button, this.#panel);
    this.#panel.addEventListener(
      "beforetoggle", (event) => this.#toggled(/** @type {ToggleEvent} */ (event)),
    );
    this.#input.addEventListener("input", () => {
      clearTimeout(this.#typing);
      this.#typing = setTimeout(() => void this.#refresh(), 150);
    });
    this.#panel.addEventListener("keydown", (event) => this.#key(event));
    this.#drawButton();
  }

  /** @param {string[]} values */
  set values(values) {
    this.#values = values;
    this.#drawButton();
    for (const box of this.#list.querySelectorAll("input")) box.checked = values.includes(box.value);
  }

  #drawButton() {
    setText(this.#count, this.#values.length > 0 ? String(this.#values.length) : "");
    this.#button.classList.toggle("active", this.#values.length > 0);
    const set = this.#values.map((value) => this.#word(value)).join(", ");
    this.#button.title = set ? `${this.label}: ${set}` : `Filter by ${this.label.toLowerCase()}`;
  }

  /** @param {string} value */
  #word(value) {
    if (value.startsWith("~")) return `contains “${visibleText(value.slice(1))}”`;
    return visibleText(this.wordFor(value));
  }

  /** @param {ToggleEvent} event */
  #toggled(event) {
    const isOpening = event.newState === "open";
    this.#button.setAttribute("aria-expanded", String(isOpening));
    if (!isOpening) return this.#request?.abort();
    this.#input.value = "";
    const box = this.#button.getBoundingClientRect();
    const width = Math.min(300, innerWidth - 16);
    this.#panel.style.width = `${width}px`;
    this.#panel.style.left = `${Math.max(8, Math.min(box.left, innerWidth - width - 8))}px`;
    this.#panel.style.top = `${box.bottom + 4}px`;
    void this.#refresh();
    requestAnimationFrame(() => this.#input.focus());
  }

  async #refresh() {
    this.#request?.abort();
    const request = (this.#request = new AbortController());
    const text = this.#input.value.trim();
    if (this.#list.childElementCount === 0) setText(this.#note, "Loading…");
    try {
      const options = await this.load(text, request.signal);
      if (!request.signal.aborted) this.#drawOptions(options, text);
    } catch (error) {
      if (request.signal.aborted) return;
      this.#drawOptions([], text);
      const reason = error instanceof Error ? error.message : error;
      setText(this.#note, `The list could not be loaded: ${reason}. Type a value instead.`);
    }
  }

  /** @param {string[]} options @param {string} text */
  #drawOptions(options, text) {
    const offered = [...new Set([...this.#values, ...options])];
    if (this.allowsTyped && text !== "" && !offered.includes(text)) offered.unshift(text);
    if (this.allowsContains && text !== "" && !offered.includes(`~${text}`)) offered.unshift(`~${text}`);
    this.#list.replaceChildren(...offered.map((value) => this.#option(value)));
    setText(this.#note, offered.length > 0 ? "" : "No value seen yet. Type one.");
  }

  /** @param {string} value */
  #option(value) {
    const box = h("input", { type: "checkbox", value });
    box.addEventListener("change", () => this.#tick(value, box.checked));
    box.checked = this.#values.includes(value);
    return h("label", { class: "facet-option" }, box, h("bdi", {}, this.#word(value)));
  }

  /** @param {string} value @param {boolean} isOn */
  #tick(value, isOn) {
    const others = this.#values.filter((other) => other !== value);
    const detail = isOn ? [...others, value] : others;
    this.dispatchEvent(new CustomEvent("values-change", { detail, bubbles: true }));
  }

  /**
   * Arrows walk through search field and boxes; Enter in the field ticks the first offer.
   * @param {KeyboardEvent} event
   */
  #key(event) {
    event.stopPropagation();
    const boxes = [...this.#list.querySelectorAll("input")];
    if (event.key === "Enter" && event.target === this.#input) {
      const first = boxes.find((box) => !box.checked);
      if (!first) return;
      first.click();
      this.#panel.hidePopover();
      this.#button.focus();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const stops = [this.#input, ...boxes];
      const place = stops.indexOf(/** @type {HTMLInputElement} */ (event.target));
      stops[place + (event.key === "ArrowDown" ? 1 : -1)]?.focus();
    }
  }
}

customElements.define("facet-picker", FacetPicker);
