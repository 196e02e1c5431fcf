// SPDX-License-Identifier: Apache-2.0

import { countOf } from "../model/units.js";
import { visibleText } from "../model/visible-text.js";
import { h } from "./element.js";
import { icon } from "./icon.js";

/** @typedef {import("../api/types.js").Gap} Gap */
/** @typedef {import("../api/types.js").Scenario} Scenario */

/** `<notice-bar>`: simulated data, scenario progress, gaps. Event: `gap-dismiss`. */
export class NoticeBar extends HTMLElement {
  #drawn = "";

  /** @param {boolean} isSimulated @param {Scenario | null} scenario @param {Gap | null} gap */
  show(isSimulated, scenario, gap) {
    const content = JSON.stringify([isSimulated, scenario, gap]);
    if (content === this.#drawn) return;
    this.#drawn = content;
    this.replaceChildren(
      ...(isSimulated ? [simulatedNotice()] : []),
      ...(scenario ? [scenarioNotice(scenario)] : []),
      ...(gap ? [this.#gapNotice(gap)] : []),
    );
  }

  /** @param {Gap} gap */
  #gapNotice(gap) {
    const missed = gap.missed === null ? "Some updates" : countOf(gap.missed, "update");
    const reason = gap.reason ? `: ${visibleText(gap.reason.replace(/\.$/, ""))}. ` : ". ";
    const dismiss = () => this.dispatchEvent(new CustomEvent("gap-dismiss"));
    return h("div", { class: "notice notice-gap", role: "status" }, icon("warning"),
      h("p", {}, h("strong", {}, `${missed} did not reach this page`), reason,
        "Counts below may be too low for that time."),
      h(
        "button",
        { type: "button", class: "icon-button", "aria-label": "Dismiss", click: dismiss },
        icon("close"),
      ));
  }
}

function simulatedNotice() {
  return h("div", { class: "notice notice-simulated" }, icon("flask"),
    h(
      "p",
      {},
      h("strong", {}, "Simulated traffic."),
      " These flows are made up by this server; no packet was sent.",
    ));
}

/** @param {Scenario} scenario */
function scenarioNotice(scenario) {
  const steps = Math.max(1, Math.min(50, scenario.steps));
  const stateOf = (/** @type {number} */ step) => (
    step < scenario.step ? "done" : step === scenario.step ? "now" : ""
  );
  const dots = Array.from(
    { length: steps }, (_, index) => h("span", { class: `step ${stateOf(index + 1)}` }),
  );
  const progress = `${scenario.step}/${scenario.steps}`;
  return h("div", { class: "notice notice-scenario" },
    h(
      "span",
      { class: "steps", role: "img", "aria-label": `step ${scenario.step} of ${scenario.steps}` },
      ...dots,
    ),
    h("p", {}, h("strong", {}, `${visibleText(scenario.name)} ${progress} · ${visibleText(scenario.title)}`),
      scenario.hint ? h("span", { class: "hint" }, ` ${visibleText(scenario.hint)}`) : null));
}

customElements.define("notice-bar", NoticeBar);
