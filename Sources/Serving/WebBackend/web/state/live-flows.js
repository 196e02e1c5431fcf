// SPDX-License-Identifier: Apache-2.0
// Joins the stream to the kept rows: pause and play, filters that need a new stream, gaps, the policy texts.

import { FlowStream } from "../api/flow-stream.js";
import { serverFilters } from "./flow-filter.js";
import { FlowWindow, MAXIMUM_ROWS } from "./flow-window.js";
import { signal } from "./signal.js";

/** @typedef {import("../api/types.js").Row} Row */

const BACKFILL_SECONDS = 300;
const MAXIMUM_BACKFILL_SECONDS = 3_600;
/** A filter is being typed; the stream is reopened when it rests this long. Milliseconds. */
const FILTER_REST_MS = 250;

export class LiveFlows {
  /** Rises when rows have changed. */
  version = signal(0);
  isPaused = signal(false);
  /** Rows that came while paused. */
  waiting = signal(0);
  connection = signal(/** @type {import("../api/flow-stream.js").Connection} */ (
    { phase: "connecting", attempt: 0, retryAt: 0, error: "", isRefusal: false }));
  status = signal(/** @type {import("../api/types.js").Status | null} */ (null));
  gap = signal(/** @type {import("../api/types.js").Gap | null} */ (null));
  policies = signal(/** @type {import("../api/types.js").PolicyList} */ ({ generation: -1, items: [] }));
  /** Why the texts of the rules could not be had; empty when they could. */
  policiesError = signal("");
  /** Whether the current stream has said anything, so that "no flows" can be told from "not yet known". */
  isSettled = signal(false);

  window = new FlowWindow();
  /** @type {Map<string, Row>} */
  #held = new Map();
  #heldDropped = 0;
  #filters = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #reopening;
  #wantedGeneration = -1;
  /** How far the server's clock is ahead of this one. Milliseconds. */
  #clockAheadMs = 0;
  #pausedAtMs = 0;
  #client;
  #stream;

  /**
   * @param {{ getPolicies: () => Promise<import("../api/types.js").PolicyList> }} client
   * @param {typeof fetch} [fetchStream]
   */
  constructor(client, fetchStream) {
    this.#client = client;
    this.#stream = new FlowStream({
      rows: (rows) => this.#receive(rows),
      gap: (gap) => this.#noteGap(gap),
      status: (status) => this.#noteStatus(status),
      connection: (connection) => {
        const before = this.connection.peek();
        if (before.phase === "open" && connection.phase === "open") return;
        this.connection.value = connection;
      },
    }, fetchStream);
  }

  /** Rows that this page could not keep. */
  get dropped() {
    return this.window.dropped + this.#heldDropped;
  }

  /** The server's clock; it stands still while paused, as the rows do. Unix milliseconds. */
  get nowMs() {
    return this.isPaused.peek() ? this.#pausedAtMs : Date.now() + this.#clockAheadMs;
  }

  /**
   * Follows the filter. Rows already here stay: the table filters them itself, so nothing blinks.
   * @param {import("../model/filter-match.js").FlowFilter} filter
   */
  follow(filter) {
    const filters = serverFilters(filter);
    const text = JSON.stringify(filters);
    if (text === this.#filters) return;
    const isFirst = this.#filters === "";
    this.#filters = text;
    clearTimeout(this.#reopening);
    if (isFirst) this.#open();
    else this.#reopening = setTimeout(() => this.#open(), FILTER_REST_MS);
  }

  /** Back to the oldest kept row, so that a wider filter leaves no holes. */
  #open() {
    const kept = this.window.size > 0 ? (Date.now() - this.window.oldestMs) / 1000 : 0;
    const since = Math.min(MAXIMUM_BACKFILL_SECONDS, Math.max(BACKFILL_SECONDS, Math.ceil(kept)));
    this.isSettled.value = false;
    this.#stream.open(since, JSON.parse(this.#filters));
  }

  retryNow() {
    this.#stream.retryNow();
  }

  /** Ends the stream; a filter opens it again. */
  stop() {
    clearTimeout(this.#reopening);
    this.#stream.close();
    this.#filters = "";
  }

  pause() {
    this.#pausedAtMs = this.nowMs;
    this.isPaused.value = true;
  }

  play() {
    this.isPaused.value = false;
    const rows = [...this.#held.values()];
    this.#held.clear();
    this.waiting.value = 0;
    this.#keep(rows);
  }

  /** @param {Row[]} rows */
  #receive(rows) {
    this.isSettled.value = true;
    if (!this.isPaused.peek()) return this.#keep(rows);
    for (const row of rows) {
      this.#held.set(row.id, row);
      if (this.#held.size <= MAXIMUM_ROWS) continue;
      const [oldest] = this.#held.keys();
      this.#held.delete(oldest);
      this.#heldDropped += 1;
    }
    this.waiting.value = this.#held.size;
  }

  /** @param {Row[]} rows */
  #keep(rows) {
    if (rows.length === 0) return;
    this.window.upsert(rows);
    this.version.value += 1;
  }

  /** @param {import("../api/types.js").Gap} gap */
  #noteGap(gap) {
    const before = this.gap.peek();
    const isSum = before !== null && before.missed !== null && gap.missed !== null;
    this.gap.value = isSum ? { missed: (before.missed ?? 0) + (gap.missed ?? 0), reason: gap.reason } : gap;
  }

  /** @param {import("../api/types.js").Status} status */
  #noteStatus(status) {
    const serverMs = Date.parse(status.now);
    if (Number.isFinite(serverMs)) this.#clockAheadMs = serverMs - Date.now();
    this.status.value = status;
    this.isSettled.value = true;
    if (!this.isPaused.peek() && this.window.settle(serverMs)) this.version.value += 1;
    if (status.generation !== this.#wantedGeneration) void this.#loadPolicies(status.generation);
  }

  /** @param {number} generation */
  async #loadPolicies(generation) {
    this.#wantedGeneration = generation;
    try {
      this.policies.value = await this.#client.getPolicies();
      this.policiesError.value = "";
    } catch (error) {
      this.policiesError.value = error instanceof Error ? error.message : String(error);
      setTimeout(() => (this.#wantedGeneration = -1), 5_000); // the next status asks again
    }
  }
}
