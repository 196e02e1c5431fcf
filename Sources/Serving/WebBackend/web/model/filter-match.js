// SPDX-License-Identifier: Apache-2.0
// What the filters mean. The server applies those that Whisker's API knows; all of them are applied here too,
// so a tick is seen at once and rows kept from before obey the same rules.

import { qualifiedName } from "./policy-name.js";
import { reporterWord } from "./trace-text.js";
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
 * @property {string[]} pending  `differs` (and active now), or nothing
 * @property {string} q  words that must all be somewhere in the row; `-word` must not; `:80` is a whole port
 */

/** A flow is active this long after its last activity. Milliseconds. */
const ACTIVE_MS = 60_000;

/**
 * Whether a row is about now: its window still fills, or its last activity was less than a minute ago.
 * @param {Row} row
 * @param {number} nowMs  the server's clock
 */
export function isActive(row, nowMs) {
  return row.live || nowMs - Date.parse(row.updated_at || row.end_time) <= ACTIVE_MS;
}

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

/** @type {Record<string, (row: Row, wanted: string[], nowMs: number) => boolean>} */
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
  pending: (row, _wanted, nowMs) => pendingChange(row) !== "" && isActive(row, nowMs),
};

/**
 * @param {FlowFilter} filter
 * @param {number} nowMs  the server's clock, for what must be active now; -Infinity when age does not matter
 * @returns {(row: Row) => boolean}
 */
export function filterMatcher(filter, nowMs) {
  const fields = /** @type {Record<string, string[]>} */ (/** @type {unknown} */ (filter));
  const tests = Object.entries(fieldTests)
    .filter(([field]) => fields[field].length > 0)
    .map(([field, test]) => (/** @type {Row} */ row) => test(row, fields[field], nowMs));
  for (const word of filter.q.toLowerCase().match(WORDS) ?? []) {
    const isWanted = !word.startsWith("-");
    const occurs = wordTest(isWanted ? word : word.slice(1));
    if (word !== "-") tests.push((row) => occurs(row) === isWanted);
  }
  return (row) => tests.every((test) => test(row));
}

/** Words of the free text; what the pending badge says is one word. */
const WORDS = /-?would\s+(?:deny|allow)(?!\S)|\S+/g;

/** @param {string} word @returns {(row: Row) => boolean} */
function wordTest(word) {
  const port = /^:(\d+)$/.exec(word);
  if (port) return (row) => [row.dest_port, row.dest_service_port].includes(Number(port[1]));
  const text = word.replace(/\s+/g, " ");
  const isPort = /:\d+$/.test(text); // `web:80`, not `web:8080`
  if (isPort) return (row) => `${searchText(row)} `.includes(`${text} `);
  return (row) => searchText(row).includes(text);
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
  const names = hits.flatMap((hit) => [hit.tier, ...[hit, hit.trigger].map((it) => it && qualifiedName(it))]);
  const service = row.dest_service_port > 0 ? `:${row.dest_service_port}` : "";
  const parts = [
    row.action, pendingChange(row), qualifiedName({ namespace: row.source_namespace, name: row.source_name }),
    qualifiedName({ namespace: row.dest_namespace, name: row.dest_name }), row.dest_service_name + service,
    row.protocol, `:${row.dest_port}`, row.reporter, reporterWord(row.reporter), row.source_labels,
    row.dest_labels, ...names,
  ];
  const text = parts.map(visibleText).join(" ").toLowerCase();
  searchTexts.set(row, text);
  return text;
}
