// SPDX-License-Identifier: Apache-2.0

import { h } from "./element.js";
import { icon } from "./icon.js";

const keys = [
  ["/", "go to the filter"],
  ["j or ↓", "next row"],
  ["k or ↑", "previous row"],
  ["Enter", "open or close the chosen row"],
  ["Esc", "close what is open"],
  ["Space", "pause or play"],
  ["t", "back to the newest rows"],
  ["Home, End, Page ↑, Page ↓", "scroll the rows"],
  ["?", "this help"],
];

/** @type {[string, boolean, string][]} */
const signs = [
  ["Allow", false, "A connection went through."],
  ["Deny", false, "Policy stopped a connection."],
  ["Deny", true, "It goes through today; enforcing the staged policies would stop it."],
  ["Allow", true, "It is stopped today; enforcing the staged policies would let it through."],
];

const rowsText = "Each flow is reported by the workload that sent it (source, egress policy) or by the one "
  + "that received it (destination, ingress policy). Counters are gathered in windows of 15 seconds; “live” "
  + "marks one that is still filling. “Flows” shows one line per flow, summed over the windows kept in this "
  + "page; “Windows” shows every window.";

const wordsText = "Every word must occur somewhere in the row: a name, label, service, policy or “:port”. A "
  + "word with a dash in front, such as “-dns”, must not. All filters are in the address, so a view can be "
  + "shared.";

/** `<help-dialog>`: what the signs mean, and the keys. */
export class HelpDialog extends HTMLElement {
  #dialog = h("dialog", { class: "dialog", "aria-labelledby": "help-title" });

  connectedCallback() {
    if (this.#dialog.isConnected) return;
    const close = h(
      "button",
      { type: "button", class: "icon-button", "aria-label": "Close help", click: () => this.close() },
      icon("close"),
    );
    this.#dialog.append(
      h("header", { class: "dialog-head" }, h("h2", { id: "help-title" }, "Reading this page"), close),
      h("dl", { class: "help-list" }, ...signs.flatMap(([verdict, isPending, text]) => {
        const badge = document.createElement("verdict-badge");
        badge.setAttribute("verdict", verdict);
        if (isPending) badge.setAttribute("pending", "");
        return [h("dt", {}, badge), h("dd", {}, text)];
      })),
      h("p", { class: "help-text" }, rowsText),
      h("h3", {}, "Filter words"),
      h("p", { class: "help-text" }, wordsText),
      h("h3", {}, "Keys"),
      h(
        "dl",
        { class: "help-list" },
        ...keys.flatMap(([key, text]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, text)]),
      ),
    );
    this.#dialog.addEventListener("click", (event) => {
      if (event.target === this.#dialog) this.close();
    });
    this.append(this.#dialog);
  }

  open() {
    if (!this.#dialog.open) this.#dialog.showModal();
  }

  close() {
    this.#dialog.close();
  }
}

customElements.define("help-dialog", HelpDialog);
