// SPDX-License-Identifier: Apache-2.0

import { countOf, formatCount } from "../model/units.js";
import { visibleText } from "../model/visible-text.js";
import { h } from "./element.js";
import { icon } from "./icon.js";

/** @typedef {import("../api/types.js").Status} Status */
/** @typedef {import("../api/types.js").PolicyError} PolicyError */

/** `<problem-panel>`: policy errors and losses in full, at the side of the page. */
export class ProblemPanel extends HTMLElement {
  #body = h("div", { class: "panel-body" });
  #dialog = h("dialog", { class: "panel", "aria-labelledby": "panel-title" });
  #drawn = "";

  connectedCallback() {
    if (this.#dialog.isConnected) return;
    const close = h(
      "button",
      { type: "button", class: "icon-button", "aria-label": "Close", click: () => this.#dialog.close() },
      icon("close"),
    );
    this.#dialog.append(
      h("header", { class: "dialog-head" }, h("h2", { id: "panel-title" }, "What needs attention"), close),
      this.#body,
    );
    this.#dialog.addEventListener("click", (event) => {
      if (event.target === this.#dialog) this.#dialog.close();
    });
    this.append(this.#dialog);
  }

  /** @param {string} part  `losses` or `policies` */
  open(part) {
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#body.querySelector(`#panel-${part}`)?.scrollIntoView({ block: "start" });
  }

  /** @param {Status | null} status @param {number} dropped */
  show(status, dropped) {
    const losses = [
      ...(status?.losses ?? []), { name: "console_rows_dropped", count: dropped, help: pageLossHelp },
    ];
    const errors = [...(status?.policy_errors ?? [])].sort((a, b) => rank(a) - rank(b));
    const content = JSON.stringify([losses, errors]);
    if (content === this.#drawn) return;
    this.#drawn = content;
    this.#body.replaceChildren(
      h("section", { id: "panel-policies" }, h("h3", {}, "Policy errors"), ...errorList(errors)),
      h(
        "section",
        { id: "panel-losses" },
        h("h3", {}, "Losses"),
        h("dl", { class: "loss-list" }, ...losses.flatMap(lossRow)),
      ),
    );
  }
}

const pageLossHelp = "Rows that this page dropped because it keeps 20,000 at most. Filter to keep fewer; "
  + "the server still has its history.";

/** Errors before warnings. */
const rank = (/** @type {PolicyError} */ error) => (error.severity === "warning" ? 1 : 0);

/** @param {PolicyError[]} errors */
function errorList(errors) {
  if (errors.length === 0) return [
    h("p", { class: "panel-quiet" }, "None: every policy that was read is in use."),
  ];
  const intro = `${countOf(errors.length, "problem")} in the policies read. The other policies are in use.`;
  return [
    h("p", { class: "panel-quiet" }, intro), h("ul", { class: "error-list" }, ...errors.map(errorItem)),
  ];
}

/** @param {PolicyError} error */
function errorItem(error) {
  const numbers = [error.line, error.column].filter((number) => number > 0);
  const place = error.file ? [visibleText(error.file), ...numbers].join(":") : "";
  const advice = visibleText(error.suggestion);
  const suggestion = h("p", { class: "error-suggestion" }, h("span", {}, "Hint: "), advice);
  return h(
    "li",
    { class: `error-item severity-${error.severity === "warning" ? "warning" : "error"}` },
    h("div", { class: "error-head" }, icon("warning"), h(
      "strong", {}, error.severity === "warning" ? "Warning" : "Error",
    ),
      h("bdi", {}, visibleText(error.resource))),
    h("p", { class: "error-message" }, visibleText(error.message)),
    h(
      "p",
      { class: "error-place", hidden: !place && !error.field },
      place ? h("code", {}, place) : null,
      error.field ? h("code", {}, visibleText(error.field)) : null,
    ),
    error.suggestion ? suggestion : null,
  );
}

/** @param {import("../api/types.js").Loss} loss */
function lossRow(loss) {
  return [
    h(
      "dt",
      { class: loss.count > 0 ? "bad" : "" },
      h("code", {}, visibleText(loss.name)),
      h("strong", {}, formatCount(loss.count)),
    ),
    h("dd", {}, visibleText(loss.help)),
  ];
}

customElements.define("problem-panel", ProblemPanel);
