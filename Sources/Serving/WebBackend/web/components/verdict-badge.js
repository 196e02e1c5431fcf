// SPDX-License-Identifier: Apache-2.0

import { h, svg } from "./element.js";

/**
 * Shape per verdict, so that it reads without colour: disc with tick, octagon with cross, arrow in a diamond.
 */
/** @type {Record<string, { word: string, outline: string, sign: string }>} */
const shapes = {
  Allow: {
    word: "Allow",
    outline: "M8 1.500a6.500 6.500 0 1 1 0 13a6.500 6.500 0 1 1 0-13z",
    sign: "M5 8.300l2.100 2.200L11 6",
  },
  Deny: {
    word: "Deny",
    outline: "M5.400 1.500h5.200l3.900 3.900v5.200l-3.900 3.900H5.400l-3.900-3.900V5.400z",
    sign: "M5.600 5.600l4.800 4.800M10.400 5.600l-4.800 4.800",
  },
  Pass: { word: "Pass", outline: "M8 1l7 7-7 7-7-7z", sign: "M5 8h5.500M8.300 5.800L10.500 8l-2.200 2.200" },
};

/**
 * `<verdict-badge verdict="Deny">`; with `pending` it reads "would deny" in a broken outline.
 */
export class VerdictBadge extends HTMLElement {
  static observedAttributes = ["verdict", "pending"];

  connectedCallback() {
    this.#draw();
  }

  attributeChangedCallback() {
    if (this.isConnected) this.#draw();
  }

  #draw() {
    const verdict = this.getAttribute("verdict") ?? "";
    const shape = shapes[verdict];
    const word = shape?.word ?? (verdict || "Unknown");
    const text = this.hasAttribute("pending") ? `would ${word.toLowerCase()}` : word;
    const outline = svg("path", { class: "outline", d: shape?.outline ?? "" });
    const sign = svg("path", { class: "sign", d: shape?.sign ?? "" });
    const drawing = svg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, outline, sign);
    this.replaceChildren(...(shape ? [drawing] : []), h("span", {}, text));
  }
}

customElements.define("verdict-badge", VerdictBadge);
