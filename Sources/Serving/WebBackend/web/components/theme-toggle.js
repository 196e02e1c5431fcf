// SPDX-License-Identifier: Apache-2.0

import { h } from "./element.js";
import { icon } from "./icon.js";

const themes = ["auto", "light", "dark"];

/**
 * `<theme-toggle>`: automatic, light, dark. Property: `theme`. Event: `theme-change` (detail: theme), not
 * stored here.
 */
export class ThemeToggle extends HTMLElement {
  #theme = "auto";
  #button = h("button", { type: "button", class: "icon-button", click: () => this.#next() });

  connectedCallback() {
    this.append(this.#button);
    this.theme = this.#theme;
  }

  /** @param {string | null} theme */
  set theme(theme) {
    this.#theme = theme !== null && themes.includes(theme) ? theme : "auto";
    if (this.#theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = this.#theme;
    this.#button.replaceChildren(icon(this.#theme));
    this.#button.title = `Theme: ${this.#theme}`;
    this.#button.setAttribute("aria-label", `Theme: ${this.#theme}. Press to change.`);
  }

  #next() {
    this.theme = themes[(themes.indexOf(this.#theme) + 1) % themes.length];
    this.dispatchEvent(new CustomEvent("theme-change", { detail: this.#theme, bubbles: true }));
  }
}

customElements.define("theme-toggle", ThemeToggle);
