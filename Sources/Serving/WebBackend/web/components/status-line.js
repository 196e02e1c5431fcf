// SPDX-License-Identifier: Apache-2.0

import { countOf, formatCount, formatRate } from "../model/units.js";
import { visibleText } from "../model/visible-text.js";
import { h, required, setText } from "./element.js";
import { icon } from "./icon.js";

/** @typedef {import("../api/types.js").Status} Status */
/** @typedef {import("../api/flow-stream.js").Connection} Connection */

/**
 * `<status-line>`: connection, rate, losses, policy errors.
 * Events: `panel-open` (detail: `losses` or `policies`), `retry`.
 */
export class StatusLine extends HTMLElement {
  #state = h("span", { class: "status-state" });
  #retry = h("button", { type: "button", class: "link-button", hidden: true }, "Retry now");
  #sources = h("span", { class: "status-item status-sources" });
  #rate = h("span", { class: "status-item" });
  #policies = h("span", { class: "status-item status-policies" });
  #losses = this.#panelButton("losses");
  #errors = this.#panelButton("policies");
  #kept = h("span", { class: "status-item status-kept" });
  #version = h("span", { class: "status-item status-version" });

  connectedCallback() {
    if (this.#state.isConnected) return;
    this.#retry.addEventListener("click", () => this.#emit("retry", ""));
    this.setAttribute("role", "group");
    this.setAttribute("aria-label", "Status");
    this.append(
      this.#state,
      this.#retry,
      this.#rate,
      this.#sources,
      this.#policies,
      this.#losses,
      this.#errors,
      this.#kept,
      this.#version,
    );
  }

  /** @param {string} part  of the panel */
  #panelButton(part) {
    const open = () => this.#emit("panel-open", part);
    return h("button", { type: "button", class: `status-item status-button ${part}-button`, click: open });
  }

  /** @param {Connection} connection @param {number} nowMs */
  showConnection(connection, nowMs) {
    const { phase, retryAt, attempt, error } = connection;
    const seconds = Math.max(0, Math.ceil((retryAt - nowMs) / 1000));
    const words = {
      connecting: attempt > 0 ? "Reconnecting…" : "Connecting…",
      open: "Connected",
      waiting: `Connection lost · trying again in ${seconds} s`,
      closed: "Disconnected",
    };
    this.#state.className = `status-state status-${phase}`;
    setText(this.#state, words[phase]);
    this.#state.title = error ? `${visibleText(error)} (attempt ${attempt})` : "";
    this.#retry.hidden = phase !== "waiting";
  }

  /** @param {Status | null} status @param {number} dropped  rows this page could not keep */
  showStatus(status, dropped) {
    if (!status) return;
    setText(this.#rate, `${formatRate(status.flows_per_second)} flows/s`);
    const down = status.sources.filter((source) => !source.connected);
    const up = status.sources.length - down.length;
    setText(
      this.#sources,
      down.length > 0 ? `${up} of ${status.sources.length} sources connected` : countOf(up, "source"),
    );
    this.#sources.classList.toggle("bad", down.length > 0 || status.connected_sources === 0);
    this.#sources.title = status.sources.map(sourceText).join("\n");
    const { enforced, staged } = status.policies;
    setText(this.#policies, `${countOf(enforced, "policy", "policies")}, ${formatCount(staged)} staged`);
    // Generation 0: this server knows flows, and no policies.
    this.#policies.hidden = status.generation === 0;
    this.#errors.hidden = status.generation === 0 && status.policy_errors.length === 0;
    this.#policies.title = `Generation ${status.generation}; ${countOf(status.endpoints, "endpoint")}`;
    const lost = dropped + status.losses.reduce((sum, loss) => sum + loss.count, 0);
    this.#drawCount(this.#losses, lost > 0, lost === 0 ? "No losses" : `${formatCount(lost)} lost`);
    const warnings = status.policy_errors.filter(({ severity }) => severity === "warning").length;
    const errors = status.policy_errors.length - warnings;
    this.#drawCount(
      this.#errors,
      errors > 0,
      errors === 0 ? "No policy errors" : countOf(errors, "policy error"),
      warnings === 0 ? "" : `· ${countOf(warnings, "warning")}`,
    );
    setText(this.#version, `${visibleText(status.mode)} · ${visibleText(status.version)}`);
  }

  /** @param {string} text */
  showKept(text) {
    setText(this.#kept, text);
  }

  /** @param {HTMLElement} button @param {boolean} isBad @param {string} text @param {string} [aside] */
  #drawCount(button, isBad, text, aside = "") {
    if (button.classList.contains("bad") !== isBad || button.childElementCount === 0) {
      button.classList.toggle("bad", isBad);
      const spans = [h("span", { class: "status-count" }), h("span", { class: "status-aside" })];
      button.replaceChildren(...(isBad ? [icon("warning")] : []), ...spans);
    }
    setText(required(button, ".status-count"), text);
    setText(required(button, ".status-aside"), aside);
  }

  /** @param {string} name @param {string} detail */
  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
  }
}

/** @param {import("../api/types.js").Source} source */
function sourceText(source) {
  const state = source.connected ? "connected" : "not connected";
  return `${visibleText(source.name)} (${visibleText(source.kind)}): ${state}`;
}

customElements.define("status-line", StatusLine);
