// SPDX-License-Identifier: Apache-2.0
// The order of the table.

/** @typedef {import("../api/types.js").TableItem} TableItem */

/** Columns that can be sorted, with the direction a first click gives. */
export const sortColumns = /** @type {const} */ ({
  time: "-",
  action: "-",
  source: "",
  destination: "",
  protocol: "",
  port: "",
  reporter: "",
  packets: "-",
  bytes: "-",
});

/** Newest first. */
export const defaultSort = "-time";

/** @type {Record<string, (item: TableItem) => string | number>} */
const sortKeys = {
  time: (item) => item.startMs,
  action: ({ row, change }) => (row.action === "Deny" ? 2 : 0) + (change ? 1 : 0),
  source: ({ row }) => `${row.source_namespace}\n${row.source_name}`,
  destination: ({ row }) => `${row.dest_namespace}\n${row.dest_name}`,
  protocol: ({ row }) => row.protocol,
  port: ({ row }) => row.dest_port,
  reporter: ({ row }) => row.reporter,
  packets: (item) => item.packets,
  bytes: (item) => item.bytes,
};

/**
 * @param {string} sort  column, with `-` in front for descending
 * @returns {{ column: string, isDescending: boolean }}
 */
export function parseSort(sort) {
  const isDescending = sort.startsWith("-");
  const column = isDescending ? sort.slice(1) : sort;
  return Object.hasOwn(sortColumns, column) ? { column, isDescending } : {
    column: "time", isDescending: true,
  };
}

/**
 * The sort after a click on a header: first its natural direction, then the other, then back to newest first.
 * @param {string} sort
 * @param {string} column
 */
export function nextSort(sort, column) {
  const current = parseSort(sort);
  const natural = /** @type {Record<string, string>} */ (sortColumns)[column] ?? "";
  const other = natural === "-" ? "" : "-";
  if (current.column !== column) return natural + column;
  if (sort === natural + column) return other + column;
  return column === "time" ? natural + column : defaultSort;
}

/**
 * Sorts in place; ties are newest first.
 * @param {TableItem[]} items
 * @param {string} sort
 */
export function sortItems(items, sort) {
  const { column, isDescending } = parseSort(sort);
  const sign = isDescending ? -1 : 1;
  const newestFirst = (
    /** @type {TableItem} */ a, /** @type {TableItem} */ b,
  ) => b.startMs - a.startMs || b.order - a.order;
  if (column === "time") return items.sort((a, b) => (isDescending ? newestFirst(a, b) : newestFirst(b, a)));
  const keyOf = sortKeys[column];
  const keyed = items.map((item) => ({ item, key: keyOf(item) }));
  keyed.sort((a, b) => (a.key < b.key ? -sign : a.key > b.key ? sign : newestFirst(a.item, b.item)));
  keyed.forEach(({ item }, index) => (items[index] = item));
  return items;
}

/**
 * Keeps the lines that were there where they were, so that nothing moves under a reader's eye or pointer; new
 * ones come first, lines that are gone leave.
 * @param {string[]} previousKeys
 * @param {TableItem[]} sorted
 * @returns {TableItem[]}
 */
export function holdOrder(previousKeys, sorted) {
  const places = new Map(previousKeys.map((key, place) => [key, place]));
  const fresh = sorted.filter((item) => !places.has(item.key));
  const known = sorted.filter((item) => places.has(item.key));
  known.sort((a, b) => (places.get(a.key) ?? 0) - (places.get(b.key) ?? 0));
  return [...fresh, ...known];
}
