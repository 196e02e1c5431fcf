// SPDX-License-Identifier: Apache-2.0
// The rows kept in the page, bounded, and the two ways to see them.
//
//   buckets   start of window ─▶ id ─▶ row        oldest bucket gives way when the bound is reached
//   groups    flow identity   ─▶ sums over its kept windows

import { pendingChange } from "../model/trace-verdict.js";

/** @typedef {import("../api/types.js").Row} Row */
/** @typedef {import("../api/types.js").TableItem} TableItem */
/** @typedef {{ row: Row, startMs: number, order: number, item: TableItem | null }} KeptRow */
/**
 * @typedef {object} Group
 * @property {string} key
 * @property {Map<number, KeptRow>} windows  by start of window
 * @property {number} newestMs
 * @property {number} order  of the arrival that opened the newest window
 * @property {TableItem | null} item  null when it must be made anew
 */

/** Rows kept; the oldest are dropped and counted. */
export const MAXIMUM_ROWS = 20_000;

/** Windows that the activity bars of a group show: five minutes of 15 seconds. */
const ACTIVITY_WINDOWS = 20;
const WINDOW_MS = 15_000;

export class FlowWindow {
  /** @type {Map<number, Map<string, KeptRow>>} */
  #buckets = new Map();
  /** @type {Map<string, Group>} */
  #groups = new Map();
  #maximum;
  #order = 0;
  #size = 0;
  /** Rows dropped because the bound was reached. */
  dropped = 0;

  /** @param {number} [maximumRows] */
  constructor(maximumRows = MAXIMUM_ROWS) {
    this.#maximum = maximumRows;
  }

  get size() {
    return this.#size;
  }

  get groupCount() {
    return this.#groups.size;
  }

  /** Start of the oldest kept window, Unix milliseconds; Infinity when empty. */
  get oldestMs() {
    return Math.min(...this.#buckets.keys());
  }

  /** @param {Row[]} rows  each replaces the one with its id; of two in one batch, the later activity stays */
  upsert(rows) {
    const byActivity = [...rows].sort(
      (a, b) => (a.updated_at < b.updated_at ? -1 : a.updated_at > b.updated_at ? 1 : 0)
    );
    for (const row of byActivity) {
      const startMs = Date.parse(row.start_time);
      if (Number.isFinite(startMs)) this.#put(row, startMs);
    }
    while (this.#size > this.#maximum) this.#dropOldest();
  }

  /** @param {Row} row @param {number} startMs */
  #put(row, startMs) {
    let bucket = this.#buckets.get(startMs);
    if (!bucket) this.#buckets.set(startMs, (bucket = new Map()));
    const known = bucket.get(row.id);
    if (!known) this.#size += 1;
    else if (groupKey(known.row) !== groupKey(row)) this.#leaveGroup(known); // ids begin anew with the server
    const kept = { row, startMs, order: known?.order ?? (this.#order += 1), item: null };
    bucket.set(row.id, kept);
    this.#joinGroup(kept);
  }

  /** @param {KeptRow} kept */
  #joinGroup(kept) {
    const key = groupKey(kept.row);
    let group = this.#groups.get(key);
    if (!group) {
      group = { key, windows: new Map(), newestMs: -Infinity, order: 0, item: null };
      this.#groups.set(key, group);
    }
    group.windows.set(kept.startMs, kept);
    group.item = null;
    if (kept.startMs > group.newestMs) {
      group.newestMs = kept.startMs;
      group.order = kept.order;
    }
  }

  /** @param {KeptRow} kept */
  #leaveGroup(kept) {
    const group = this.#groups.get(groupKey(kept.row));
    if (!group || group.windows.get(kept.startMs) !== kept) return;
    group.windows.delete(kept.startMs);
    group.item = null;
    if (group.windows.size === 0) this.#groups.delete(group.key);
    else if (kept.startMs === group.newestMs) group.newestMs = Math.max(...group.windows.keys());
  }

  #dropOldest() {
    const oldest = this.oldestMs;
    const bucket = this.#buckets.get(oldest) ?? new Map();
    for (const [id, kept] of bucket) {
      if (this.#size <= this.#maximum) return;
      bucket.delete(id);
      this.#size -= 1;
      this.dropped += 1;
      this.#leaveGroup(kept);
    }
    this.#buckets.delete(oldest);
  }

  /**
   * Ends the live mark of windows that are over, in case the server had nothing more to say about them.
   * @param {number} nowMs  the server's clock
   * @returns {boolean} whether anything changed
   */
  settle(nowMs) {
    let isChanged = false;
    for (const [startMs, bucket] of this.#buckets) {
      if (startMs + WINDOW_MS > nowMs - 2_000) continue;
      for (const [id, kept] of bucket) {
        if (!kept.row.live) continue;
        const settled = { ...kept, row: { ...kept.row, live: false }, item: null };
        bucket.set(id, settled);
        this.#joinGroup(settled);
        isChanged = true;
      }
    }
    return isChanged;
  }

  clear() {
    this.#buckets.clear();
    this.#groups.clear();
    this.#size = 0;
    this.dropped = 0;
  }

  /**
   * @param {"grouped" | "windows"} view
   * @returns {TableItem[]} in no order
   */
  items(view) {
    if (view === "grouped") return [...this.#groups.values()].map(
      (group) => (group.item ??= groupItem(group))
    );
    /** @type {TableItem[]} */
    const items = [];
    for (const bucket of this.#buckets.values()) {
      for (const kept of bucket.values()) items.push((kept.item ??= windowItem(kept)));
    }
    return items;
  }
}

/**
 * Key ids start again when the server does, so who talked to whom is part of the identity.
 * @param {Row} row
 */
function groupKey(row) {
  return [
    row.flow, row.reporter, row.action, row.protocol, row.dest_port,
    row.source_namespace, row.source_name, row.dest_namespace, row.dest_name,
  ].join("\n");
}

/** @param {KeptRow} kept @returns {TableItem} */
function windowItem({ row, startMs, order }) {
  const packets = row.packets_in + row.packets_out;
  const bytes = row.bytes_in + row.bytes_out;
  return {
    key: row.id, row, startMs, order, windows: 1, packets, bytes, activity: [], change: pendingChange(row),
  };
}

/** @param {Group} group @returns {TableItem} */
function groupItem({ key, windows, newestMs, order }) {
  const activity = new Array(ACTIVITY_WINDOWS).fill(0);
  let packets = 0;
  let bytes = 0;
  for (const { row, startMs } of windows.values()) {
    const rowPackets = row.packets_in + row.packets_out;
    packets += rowPackets;
    bytes += row.bytes_in + row.bytes_out;
    const slot = ACTIVITY_WINDOWS - 1 - Math.round((newestMs - startMs) / WINDOW_MS);
    if (slot >= 0) activity[slot] += rowPackets;
  }
  const row = /** @type {KeptRow} */ (windows.get(newestMs)).row;
  const change = pendingChange(row);
  return { key, row, startMs: newestMs, order, windows: windows.size, packets, bytes, activity, change };
}
