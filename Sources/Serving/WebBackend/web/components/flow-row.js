// SPDX-License-Identifier: Apache-2.0
// One line of the flow table: made once, then brought up to date cell by cell.

import { sparklinePath } from "../model/sparkline.js";
import { reporterWord } from "../model/trace-text.js";
import { formatBytes, formatCount, formatTime, formatUTC } from "../model/units.js";
import { visibleText } from "../model/visible-text.js";
import { h, setText, svg } from "./element.js";
import { icon } from "./icon.js";

/** @typedef {import("../api/types.js").TableItem} TableItem */
/** @typedef {import("../api/types.js").Row} Row */

/**
 * @typedef {object} RowParts
 * @property {HTMLElement} row
 * @property {TableItem | null} item
 * @property {Record<string, HTMLElement>} cells
 * @property {HTMLElement} verdict
 * @property {HTMLElement} pending
 * @property {Element} bars
 */

/** Columns in the order of the table; `sort` names the key in the address, when there is one. */
export const columns = [
  { id: "time", label: "Time", sort: "time" },
  { id: "verdict", label: "Action", sort: "action" },
  { id: "source", label: "Source", sort: "source" },
  { id: "dest", label: "Destination", sort: "destination" },
  { id: "protocol", label: "Protocol", sort: "protocol" },
  { id: "port", label: "Port", sort: "port" },
  { id: "reporter", label: "Reporter", sort: "reporter" },
  { id: "activity", label: "Last 5 min", sort: "" },
  { id: "packets", label: "Packets", sort: "packets" },
  { id: "bytes", label: "Bytes", sort: "bytes" },
];

const SPARK_WIDTH = 80;
const SPARK_HEIGHT = 16;
const SPARK_SLOTS = 20;

/** @returns {RowParts} */
export function makeRow() {
  /** @type {Record<string, HTMLElement>} */
  const cells = {};
  for (const { id } of columns) cells[id] = h("div", { role: "gridcell", class: `cell cell-${id}` });
  const verdict = document.createElement("verdict-badge");
  const pending = document.createElement("verdict-badge");
  pending.setAttribute("pending", "");
  cells.verdict.append(verdict);
  const bars = svg("path", { class: "spark-bars" });
  const box = { class: "spark", viewBox: `0 0 ${SPARK_WIDTH} ${SPARK_HEIGHT}`, "aria-hidden": "true" };
  cells.activity.append(svg("svg", box, bars));
  const chevron = h("span", { class: "chevron" }, icon("chevron"));
  cells.time.append(chevron, h("span", { class: "time-text" }), h("span", { class: "live-mark" }));
  const row = h("div", { role: "row", class: "row" }, ...columns.map(({ id }) => cells[id]));
  return { row, item: null, cells, verdict, pending, bars };
}

/**
 * @param {RowParts} parts
 * @param {TableItem} item
 */
export function updateRow(parts, item) {
  const { row, cells } = parts;
  const { row: flow } = item;
  const before = parts.item;
  parts.item = item;
  row.classList.toggle("denied", flow.action === "Deny");
  updateTime(cells.time, item);
  if (before?.row.action !== flow.action) parts.verdict.setAttribute("verdict", flow.action);
  updatePending(parts, item.change);
  const isSameFlow = before !== null && before.key === item.key && before.row.flow === flow.flow;
  if (!isSameFlow) drawEndpoints(cells, flow);
  setText(cells.packets, formatCount(item.packets));
  setText(cells.bytes, formatBytes(item.bytes));
  parts.bars.setAttribute("d", sparklinePath(item.activity, SPARK_WIDTH, SPARK_HEIGHT, SPARK_SLOTS));
}

/** @param {HTMLElement} cell @param {TableItem} item */
function updateTime(cell, item) {
  const milliseconds = Date.parse(item.row.updated_at || item.row.end_time);
  setText(cell.children[1], formatTime(milliseconds));
  setText(cell.children[2], item.row.live ? "live" : "");
  const window = `window ${formatTime(item.startMs)} to ${formatTime(Date.parse(item.row.end_time))}`;
  const state = item.row.live ? ", still filling" : "";
  cell.title = `Last activity ${formatUTC(milliseconds)}\nNewest ${window}${state}`;
}

/** @param {RowParts} parts @param {TableItem["change"]} change */
function updatePending({ row, cells, pending }, change) {
  row.classList.toggle("changes", change !== "");
  if (change === "") return pending.remove();
  pending.setAttribute("verdict", change === "would deny" ? "Deny" : "Allow");
  const outcome = change === "would deny" ? "denied" : "allowed";
  pending.title = `If staged policies were enforced, this flow would be ${outcome}`;
  if (!pending.isConnected) cells.verdict.append(pending);
}

/** @param {Record<string, HTMLElement>} cells @param {Row} flow */
function drawEndpoints(cells, flow) {
  cells.source.replaceChildren(...endpoint(flow.source_namespace, flow.source_name, flow.source_type));
  const destination = endpoint(flow.dest_namespace, flow.dest_name, flow.dest_type);
  cells.dest.replaceChildren(...destination, ...service(flow));
  cells.source.title = visibleText(`${flow.source_namespace} / ${flow.source_name} (${flow.source_type})`);
  cells.dest.title = visibleText(`${flow.dest_namespace} / ${flow.dest_name} (${flow.dest_type})`);
  setText(cells.protocol, visibleText(flow.protocol));
  setText(cells.port, flow.dest_port > 0 ? String(flow.dest_port) : "–");
  setText(cells.reporter, reporterWord(flow.reporter));
}

/** @param {string} namespace @param {string} name @param {string} type */
function endpoint(namespace, name, type) {
  const isOutside = type === "Network";
  const shown = h("bdi", { class: isOutside ? "name outside" : "name" }, visibleText(name));
  if (namespace === "" || namespace === "-") return [shown];
  const slash = h("span", { class: "slash" }, "/");
  return [h("bdi", { class: "namespace" }, visibleText(namespace)), slash, shown];
}

/** @param {Row} flow */
function service(flow) {
  const name = flow.dest_service_name;
  if (!name || name === "-") return [];
  const port = flow.dest_service_port > 0 ? `:${flow.dest_service_port}` : "";
  const title = `through Service ${visibleText(flow.dest_service_namespace)}/${visibleText(name)}${port}`;
  return [h("span", { class: "service", title }, "via ", h("bdi", {}, visibleText(name)), port)];
}
