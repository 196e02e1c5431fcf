// SPDX-License-Identifier: Apache-2.0

import "./verdict-badge.js";
import { h } from "./element.js";

/** @typedef {import("../model/ladder.js").Rung} Rung */

/**
 * `<policy-trace>`: one trace as a ladder. Properties: `label`, `rungs`, `emptyText`.
 */
export class PolicyTrace extends HTMLElement {
  label = "";
  emptyText = "";

  /** @param {Rung[]} rungs */
  set rungs(rungs) {
    const list = h("ol", { class: "ladder" }, ...rungs.map(rungElement));
    const isCut = rungs.some((rung) => rung.differs);
    this.classList.toggle("parts-from-enforced", isCut);
    this.replaceChildren(
      h("h3", { class: "ladder-title" }, this.label),
      rungs.length > 0 ? list : h("p", { class: "ladder-empty" }, this.emptyText),
    );
  }
}

/** @param {Rung} rung */
function rungElement(rung) {
  const classes = ["rung", rung.isLast ? "rung-last" : "", rung.differs ? "rung-differs" : ""];
  const namesStaged = rung.isStaged && !rung.kind.startsWith("Staged");
  const badge = document.createElement("verdict-badge");
  badge.setAttribute("verdict", rung.action);
  return h(
    "li",
    { class: classes.join(" ").trim(), "data-action": rung.action },
    h(
      "div",
      { class: "rung-tier" },
      h("span", { class: "rung-tier-word" }, rung.tier === "profile" ? "" : "tier "),
      h("bdi", {}, rung.tier),
    ),
    h(
      "div",
      { class: "rung-body" },
      h(
        "div",
        { class: "rung-head" },
        badge,
        h("span", { class: "rung-kind" }, rung.kind),
        rung.name ? h("bdi", { class: "rung-name" }, rung.name) : null,
        rung.rule ? h("span", { class: "rung-rule" }, rung.rule) : null,
        namesStaged ? h("span", { class: "tag tag-staged" }, "staged") : null,
        rung.differs ? h("span", { class: "tag tag-differs" }, "differs here") : null,
      ),
      rung.text ? h("p", { class: "rung-text" }, rung.text) : null,
      rung.origin ? h("p", { class: "rung-origin" }, rung.origin) : null,
    ),
  );
}

customElements.define("policy-trace", PolicyTrace);
