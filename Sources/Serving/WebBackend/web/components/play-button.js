// SPDX-License-Identifier: Apache-2.0

import { countOf } from "../model/units.js";
import { h, setText } from "./element.js";
import { icon } from "./icon.js";

/** `<play-button>`: pause and play of the live table, and which of the two it is. */
export class PlayButton extends HTMLElement {
  #icon = h("span", { class: "play-icon" });
  #text = h("span");
  #button = h(
    "button",
    { type: "button", class: "play-button", title: "Pause or play (Space)" },
    this.#icon,
    this.#text,
  );
  #state = h("span", { class: "play-state" });
  #drawn = "";

  connectedCallback() {
    if (!this.#button.isConnected) this.append(this.#button, this.#state);
  }

  /**
   * @param {boolean} isPaused
   * @param {number} waiting  rows held back
   * @param {string} phase  of the connection
   */
  show(isPaused, waiting, phase) {
    const drawn = isPaused ? "play" : "pause";
    if (drawn !== this.#drawn) this.#icon.replaceChildren(icon(drawn));
    this.#drawn = drawn;
    setText(this.#text, isPaused ? "Play" : "Pause");
    const isLive = !isPaused && phase === "open";
    this.classList.toggle("is-live", isLive);
    this.classList.toggle("is-paused", isPaused);
    const held = waiting > 0 ? `Paused · ${countOf(waiting, "row")} waiting` : "Paused";
    setText(this.#state, isPaused ? held : isLive ? "Live" : "Not connected");
  }
}

customElements.define("play-button", PlayButton);
