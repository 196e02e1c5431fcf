// SPDX-License-Identifier: Apache-2.0
// Filter, view and sort ⇄ the address, so that every view can be shared and Back works.

import { defaultSort, parseSort } from "../model/item-order.js";

/** @typedef {import("../model/filter-match.js").FlowFilter} FlowFilter */
/** @typedef {"grouped" | "windows"} ViewName */
/** @typedef {{ filter: FlowFilter, view: ViewName, sort: string }} ViewState */

/** Fields that hold a list of values, in the order of the address. */
export const listFields = /** @type {const} */ ([
  "source_namespace", "source_name", "dest_namespace", "dest_name", "protocol", "dest_port", "action",
  "policy", "reporter", "pending",
]);

/** @typedef {typeof listFields[number]} ListField */

/** More values than this in one field come from a broken or hostile link. */
const MAXIMUM_VALUES = 50;
const MAXIMUM_VALUE_LENGTH = 300;

/** @type {Partial<Record<ListField, (value: string) => boolean>>} */
const allowed = {
  dest_port: (value) => /^\d{1,5}$/.test(value) && Number(value) <= 65_535,
  action: (value) => value === "Allow" || value === "Deny",
  reporter: (value) => value === "Src" || value === "Dst",
  pending: (value) => value === "differs",
};

/** @returns {FlowFilter} */
export function emptyFilter() {
  return {
    source_namespace: [], source_name: [], dest_namespace: [], dest_name: [], protocol: [], dest_port: [],
    action: [], policy: [], reporter: [], pending: [], q: "",
  };
}

/**
 * Reads an address; values that make no sense are left out.
 * @param {string} search  `location.search`
 * @returns {ViewState}
 */
export function parseSearch(search) {
  const query = new URLSearchParams(search);
  const filter = emptyFilter();
  for (const field of listFields) {
    const isAllowed = allowed[field] ?? ((value) => value !== "" && value !== "~");
    const values = query.getAll(field).filter(
      (value) => value.length <= MAXIMUM_VALUE_LENGTH && isAllowed(value)
    );
    filter[field] = [...new Set(values)].slice(0, MAXIMUM_VALUES);
  }
  filter.q = (query.get("q") ?? "").slice(0, MAXIMUM_VALUE_LENGTH);
  const { column, isDescending } = parseSort(query.get("sort") ?? defaultSort);
  const view = query.get("view") === "windows" ? "windows" : "grouped";
  return { filter, view, sort: (isDescending ? "-" : "") + column };
}

/**
 * @param {ViewState} state
 * @returns {string} empty, or beginning with `?`; defaults are left out
 */
export function formatSearch({ filter, view, sort }) {
  const query = new URLSearchParams();
  for (const field of listFields) for (const value of filter[field]) query.append(field, value);
  if (filter.q.trim() !== "") query.set("q", filter.q.trim());
  if (view !== "grouped") query.set("view", view);
  if (sort !== defaultSort) query.set("sort", sort);
  const text = query.toString();
  return text === "" ? "" : `?${text}`;
}

/** @param {FlowFilter} filter */
export function isEmptyFilter(filter) {
  return filter.q.trim() === "" && listFields.every((field) => filter[field].length === 0);
}

/** @param {string} value */
function match(value) {
  return value.startsWith("~") ? { value: value.slice(1), type: "Fuzzy" } : { value, type: "Exact" };
}

/**
 * The part of the filter that Whisker's filters JSON can say. Not sent: `q` and `pending`, which it does not
 * know, and
 * `policy`, because it never looks at the trigger of an end of tier, and a default deny would vanish.
 * @param {FlowFilter} filter
 * @param {ListField} [except]  a field to leave out, for hints about that field
 * @returns {Record<string, unknown>}
 */
export function serverFilters(filter, except) {
  /** @type {Record<string, unknown>} */
  const filters = {};
  /** @param {ListField} field @param {string} key @param {(value: string) => unknown} convert */
  const add = (field, key, convert) => {
    if (field !== except && filter[field].length > 0) filters[key] = filter[field].map(convert);
  };
  add("source_namespace", "source_namespaces", match);
  add("source_name", "source_names", match);
  add("dest_namespace", "dest_namespaces", match);
  add("dest_name", "dest_names", match);
  add("protocol", "protocols", (value) => ({ value, type: "Exact" }));
  add("dest_port", "dest_ports", (value) => ({ value: Number(value), type: "Exact" }));
  add("action", "actions", (value) => value);
  if (except !== "reporter" && filter.reporter.length === 1) filters.reporter = filter.reporter[0];
  return filters;
}
