// SPDX-License-Identifier: Apache-2.0
// What the filters mean. The server applies those that Whisker's API knows; all of them are applied here too,
// so a tick is seen at once and rows kept from before obey the same rules.

import { pendingChange } from "./trace-verdict.js";
import { visibleText } from "./visible-text.js";

/** @typedef {import("../api/types.js").Row} Row */

/**
 * Values of one field are alternatives; fields must all hold. In the name fields a value `~text` means
 * "contains".
 * @typedef {object} FlowFilter
 * @property {string[]} source_namespace
 * @property {string[]} source_name
 * @property {string[]} dest_namespace
 * @property {string[]} dest_name
 * @property {string[]} protocol
 * @property {string[]} dest_port
 * @property {string[]} action
 * @property {string[]} policy  name of a policy in either trace, triggers of an end of tier included
 * @property {string[]} reporter
 * @property {string[]} pending  `differs`, or nothing
 * @property {string} q  words that must all occur somewhere in the row; `-word` must not
 */

/** Cluster-wide things have no namespace; hints and URLs call that Global. */
const displayNamespace = (/** @type {string} */ value) => (value === "" || value === "-" ? "Global" : value);

/** @param {string[]} wanted @param {string} value */
function fits(wanted, value) {
  return wanted.some((want) => (want.startsWith("~") ? value.includes(want.slice(1)) : value === want));
}

/** @param {Row} row */
function policyNames(row) {
  const hits = [...(row.policies?.enforced ?? []), ...(row.policies?.pending ?? [])];
  return hits.map((hit) => hit.trigger?.name ?? hit.name);
}

/** @type {Record<string, (row: Row, wanted: string[]) => boolean>} */
const fieldTests = {
  source_namespace: (row, wanted) => fits(wanted, displayNamespace(row.source_namespace)),
  source_name: (row, wanted) => fits(wanted, row.source_name),
  dest_namespace: (row, wanted) => fits(wanted, displayNamespace(row.dest_namespace)),
  dest_name: (row, wanted) => fits(wanted, row.dest_name),
  protocol: (row, wanted) => wanted.includes(row.protocol),
  dest_port: (row, wanted) => wanted.includes(String(row.dest_port)),
  action: (row, wanted) => wanted.includes(row.action),
  policy: (row, wanted) => policyNames(row).some((name) => fits(wanted, name)),
  reporter: (row, wanted) => wanted.includes(row.reporter),
  pending: (row) => pendingChange(row) !== "",
};

/**
 * @param {FlowFilter} filter
 * @returns {(row: Row) => boolean}
 */
export function filterMatcher(filter) {
  const fields = /** @type {Record<string, string[]>} */ (/** @type {unknown} */ (filter));
  const tests = Object.entries(fieldTests)
    .filter(([field]) => fields[field].length > 0)
    .map(([field, test]) => (/** @type {Row} */ row) => test(row, fields[field]));
  const words = filter.q.toLowerCase().split(/\s+/).filter((word) => word !== "" && word !== "-");
  if (words.length > 0) tests.push((row) => matchesWords(searchText(row), words));
  return (row) => tests.every((test) => test(row));
}

/** @param {string} text @param {string[]} words */
function matchesWords(text, words) {
  return words.every((word) => (word.startsWith("-") ? !text.includes(word.slice(1)) : text.includes(word)));
}

/**
 * Rows are replaced, never changed, so their text can be kept.
 * @type {WeakMap<Row, string>}
 */
const searchTexts = new WeakMap();

/**
 * Everything in a row that the free-text filter looks at, in lower case.
 * @param {import("../api/types.js").Row} row
 */
export function searchText(row) {
  const known = searchTexts.get(row);
  if (known !== undefined) return known;
  const { policies } = row;
  const hits = [...(policies?.enforced ?? []), ...(policies?.pending ?? [])];
  const names = hits.map((hit) => `${hit.tier} ${hit.namespace}/${hit.name} ${hit.trigger?.name ?? ""}`);
  const parts = [
    row.action, `${row.source_namespace}/${row.source_name}`, `${row.dest_namespace}/${row.dest_name}`,
    row.dest_service_name, row.protocol, `:${row.dest_port}`, row.reporter, row.source_labels,
    row.dest_labels, ...names,
  ];
  const text = visibleText(parts.join(" ")).toLowerCase();
  searchTexts.set(row, text);
  return text;
}
