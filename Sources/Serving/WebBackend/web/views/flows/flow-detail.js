// SPDX-License-Identifier: Apache-2.0
// The opened row: why, in a sentence; both ladders; the facts.

import { PolicyTrace } from "../../components/policy-trace.js";
import { h } from "../../components/element.js";
import { icon } from "../../components/icon.js";
import { ladder, policyIndex, withTriggersOf } from "../../model/ladder.js";
import { enforcedSummary, pendingSummary, reporterWord } from "../../model/trace-text.js";
import { firstDifference, pendingChange } from "../../model/trace-verdict.js";
import { countOf, formatBytes, formatCount, formatTime, formatUTC } from "../../model/units.js";
import { visibleText } from "../../model/visible-text.js";

/** @typedef {import("../../api/types.js").TableItem} TableItem */
/** @typedef {import("../../api/types.js").Row} Row */
/** @typedef {import("../../api/types.js").PolicyList} PolicyList */

/**
 * @param {TableItem} item
 * @param {PolicyList} policies
 * @param {string} policiesError  why rule texts are missing; empty when they are not
 * @param {{ close: () => void, only: (change: Record<string, string[]>) => void }} actions
 * @returns {HTMLElement}
 */
export function flowDetail(item, policies, policiesError, actions) {
  const { row } = item;
  const enforced = row.policies?.enforced ?? [];
  const pending = row.policies?.pending ?? [];
  const difference = pending.length > 0 ? firstDifference(enforced, pending) : -1;
  const index = policyIndex(policies.items);
  const shownPending = withTriggersOf(enforced, pending);
  return h(
    "section",
    { class: "detail", "aria-label": "Why, and how much" },
    summary(row, actions.close),
    h("div", { class: "ladders" },
      trace("Enforced now", ladder(enforced, row.reporter, index, -1)),
      trace("If staged policies were enforced", ladder(shownPending, row.reporter, index, difference))),
    rulesNote(row, policies, policiesError),
    facts(item),
    buttons(row, actions.only),
  );
}

/** @param {Row} row @param {() => void} close */
function summary(row, close) {
  const change = pendingChange(row);
  const badge = document.createElement("verdict-badge");
  badge.setAttribute("verdict", row.action);
  const pendingBadge = document.createElement("verdict-badge");
  pendingBadge.setAttribute("verdict", change === "would deny" ? "Deny" : "Allow");
  pendingBadge.setAttribute("pending", "");
  return h("header", { class: "detail-head" },
    h("div", { class: "detail-summary" },
      h("p", { class: "summary-enforced" }, badge, h("span", {}, enforcedSummary(row))),
      h(
        "p",
        { class: change ? "summary-pending changes" : "summary-pending" },
        change ? pendingBadge : null,
        h("span", {}, pendingSummary(row)),
      )),
    h(
      "button",
      {
        type: "button",
        class: "icon-button",
        "aria-label": "Close the row",
        title: "Close (Esc)",
        click: close,
      },
      icon("close"),
    ));
}

/** @param {string} label @param {import("../../model/ladder.js").Rung[]} rungs */
function trace(label, rungs) {
  const element = new PolicyTrace();
  element.label = label;
  element.emptyText = "No such trace came with this flow.";
  element.rungs = rungs;
  return element;
}

/** @param {Row} row @param {PolicyList} policies @param {string} policiesError */
function rulesNote(row, policies, policiesError) {
  const note = (/** @type {string} */ text) => h("p", { class: "detail-note" }, text);
  if (policiesError) {
    return note(
      `The texts of the rules could not be loaded (${policiesError}); the traces are complete without them.`
    );
  }
  if (row.generation >= policies.generation) return null;
  return note(`Decided by generation ${row.generation} of the rules; rule texts and lines are those of the `
    + `current generation, ${policies.generation}.`);
}

/** @param {TableItem} item */
function facts(item) {
  const { row } = item;
  const updated = Date.parse(row.updated_at);
  const hasService = row.dest_service_name !== "" && row.dest_service_name !== "-";
  const scope = item.windows > 1 ? `over ${countOf(item.windows, "window")} kept here` : "in this window";
  const live = row.live ? ", still filling" : "";
  const span = `${formatTime(item.startMs)} to ${formatTime(Date.parse(row.end_time))}${live}`;
  const newest = item.windows > 1 ? "Newest window" : "Window";
  return h("dl", { class: "facts" },
    ...fact(
      "Source", endpointText(row.source_namespace, row.source_name), row.source_type, row.source_labels,
    ),
    ...fact("Destination", endpointText(row.dest_namespace, row.dest_name), row.dest_type, row.dest_labels),
    ...(
      hasService ? fact(
        "Service", endpointText(row.dest_service_namespace, row.dest_service_name), servicePort(row),
      ) : []
    ),
    ...fact(
      "Reported by",
      `the ${reporterWord(row.reporter)}`,
      row.reporter === "Src" ? "egress policy" : "ingress policy",
    ),
    ...fact("Traffic", `${formatCount(item.packets)} packets, ${formatBytes(item.bytes)}`, scope),
    ...fact(newest, span,
      `in ${formatCount(row.packets_in)} packets, ${formatBytes(row.bytes_in)} · `
        + `out ${formatCount(row.packets_out)} packets, ${formatBytes(row.bytes_out)}`),
    ...fact(
      "Connections",
      `${formatCount(row.connections_started)} started, ${formatCount(row.connections_completed)} completed`,
      `${formatCount(row.connections_live)} live`,
    ),
    ...fact("Last activity", formatTime(updated), formatUTC(updated)));
}

/** @param {Row} row */
function servicePort(row) {
  const name = row.dest_service_port_name;
  const port = row.dest_service_port > 0 ? `port ${row.dest_service_port}` : "";
  return [port, name && name !== "-" ? visibleText(name) : ""].filter(Boolean).join(" ");
}

/** @param {string} namespace @param {string} name */
function endpointText(namespace, name) {
  return visibleText(namespace === "" || namespace === "-" ? name : `${namespace}/${name}`);
}

/** @param {string} label @param {string} value @param {string} note @param {string} [labels] */
function fact(label, value, note, labels = "") {
  const list = labels.split(" | ").filter((text) => text !== "").slice(0, 40);
  const labelList = list.map((text) => h("bdi", { class: "label" }, visibleText(text)));
  const parts = [
    h("bdi", { class: "fact-value" }, value),
    note ? h("span", { class: "fact-note" }, visibleText(note)) : null,
    list.length > 0 ? h("span", { class: "labels" }, ...labelList) : null,
  ];
  return [h("div", { class: "fact" }, h("dt", {}, label), h("dd", {}, ...parts))];
}

/** @param {Row} row @param {(change: Record<string, string[]>) => void} only */
function buttons(row, only) {
  const namespace = (/** @type {string} */ value) => (value === "" || value === "-" ? "Global" : value);
  const source = { source_namespace: [namespace(row.source_namespace)], source_name: [row.source_name] };
  const destination = { dest_namespace: [namespace(row.dest_namespace)], dest_name: [row.dest_name] };
  const copied = h("span", { role: "status", class: "copy-state" });
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(JSON.stringify(row, null, 2));
      copied.textContent = "Copied";
    } catch {
      copied.textContent = "The browser did not allow copying";
    }
  };
  return h("div", { class: "detail-buttons" },
    h(
      "button", { type: "button", class: "plain-button", click: () => only(source) }, "Only from this source",
    ),
    h(
      "button",
      { type: "button", class: "plain-button", click: () => only(destination) },
      "Only to this destination",
    ),
    h(
      "button",
      { type: "button", class: "plain-button", click: () => only({ ...source, ...destination }) },
      "Only between these two",
    ),
    h(
      "button", { type: "button", class: "plain-button", click: copy }, icon("copy"), "Copy as JSON",
    ), copied);
}
