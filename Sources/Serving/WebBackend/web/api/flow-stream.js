// SPDX-License-Identifier: Apache-2.0
// The live stream: Server-Sent Events read through fetch. EventSource is not used because it hides the text
// of a refusal, forgets the cursor when we choose the moment to reconnect, and cannot tell a quiet stream
// from a dead one.

import { EventStreamParser } from "./event-stream-parser.js";
import { RequestError, requestError } from "./client.js";

/**
 * @typedef {object} Connection
 * @property {"connecting" | "open" | "waiting" | "closed"} phase
 * @property {number} attempt  failed tries since the last good one
 * @property {number} retryAt  Unix milliseconds of the next try; 0 unless waiting
 * @property {string} error  why the last try ended; empty when open
 * @property {boolean} isRefusal  the server answered, with an error
 */

/**
 * @typedef {object} StreamObserver
 * @property {(rows: import("./types.js").Row[]) => void} rows
 * @property {(gap: import("./types.js").Gap) => void} gap
 * @property {(status: import("./types.js").Status) => void} status
 * @property {(connection: Connection) => void} connection
 */

/**
 * The server speaks about once a second (status); silence this long means the connection is dead.
 * Milliseconds.
 */
export const SILENCE_LIMIT_MS = 10_000;

/**
 * Pause before try number `attempt` (from 1): doubling from half a second to 15 seconds, spread by a fifth.
 * @param {number} attempt
 * @param {number} [chance]  0 to 1
 * @returns {number} milliseconds
 */
export function backoffMilliseconds(attempt, chance = Math.random()) {
  const base = Math.min(15_000, 500 * 2 ** Math.min(attempt - 1, 10));
  return Math.round(base * (0.8 + 0.4 * chance));
}

/** Keeps one stream open until it is closed, resuming at the last cursor. */
export class FlowStream {
  #observer;
  #fetch;
  #silenceLimitMs;
  /** @type {AbortController | null} */
  #abort = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #url = "";
  #cursor = "";
  #attempt = 0;

  /**
   * @param {StreamObserver} observer
   * @param {typeof fetch} [fetchStream]  for tests, as is the limit
   * @param {number} [silenceLimitMs]
   */
  constructor(
    observer, fetchStream = (...request) => fetch(...request), silenceLimitMs = SILENCE_LIMIT_MS,
  ) {
    this.#observer = observer;
    this.#silenceLimitMs = silenceLimitMs;
    this.#fetch = fetchStream;
  }

  /**
   * Opens the stream afresh, without a cursor; an open one is closed first.
   * @param {number} sinceSeconds  how far back to fill
   * @param {object} filters  Whisker filters JSON
   */
  open(sinceSeconds, filters) {
    this.#stop();
    const text = encodeURIComponent(JSON.stringify(filters));
    this.#url = `/api/v1/flows/live?since=${Math.round(sinceSeconds)}&filters=${text}`;
    this.#cursor = "";
    this.#attempt = 0;
    void this.#run();
  }

  /** Tries again at once instead of waiting for the back-off. */
  retryNow() {
    if (!this.#url) return;
    this.#stop();
    void this.#run();
  }

  close() {
    this.#stop();
    this.#url = "";
    this.#report("closed");
  }

  #stop() {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    this.#abort = null;
  }

  /**
   * @param {Connection["phase"]} phase
   * @param {number} [retryAt]
   * @param {string} [error]
   * @param {boolean} [isRefusal]
   */
  #report(phase, retryAt = 0, error = "", isRefusal = false) {
    this.#observer.connection({ phase, attempt: this.#attempt, retryAt, error, isRefusal });
  }

  async #run() {
    const abort = (this.#abort = new AbortController());
    this.#report("connecting");
    let reason = "the server ended the stream";
    let isRefusal = false;
    try {
      const reader = await this.#connect(abort);
      await this.#read(reader, abort);
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
      isRefusal = error instanceof RequestError;
    }
    if (this.#abort !== abort) return; // replaced or closed meanwhile
    if (abort.signal.aborted) reason = `nothing heard for ${this.#silenceLimitMs / 1000} seconds`;
    this.#stop();
    this.#attempt += 1;
    const pause = backoffMilliseconds(this.#attempt);
    this.#timer = setTimeout(() => void this.#run(), pause);
    this.#report("waiting", Date.now() + pause, reason, isRefusal);
  }

  /** @param {AbortController} abort */
  async #connect(abort) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => abort.abort(), this.#silenceLimitMs);
    /** @type {Record<string, string>} */
    const headers = { Accept: "text/event-stream" };
    if (this.#cursor) headers["Last-Event-ID"] = this.#cursor;
    const response = await this.#fetch(this.#url, { headers, signal: abort.signal, cache: "no-store" });
    if (!response.ok) throw await requestError(response);
    if (!response.body) throw new Error("the answer has no body");
    return response.body.getReader();
  }

  /** @param {ReadableStreamDefaultReader<Uint8Array>} reader @param {AbortController} abort */
  async #read(reader, abort) {
    const parser = new EventStreamParser();
    const decoder = new TextDecoder();
    while (this.#abort === abort) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => abort.abort(), this.#silenceLimitMs);
      const { done, value } = await reader.read();
      if (done || this.#abort !== abort) return;
      for (const message of parser.push(decoder.decode(value, { stream: true }))) this.#deliver(message);
    }
  }

  /** @param {import("./event-stream-parser.js").StreamMessage} message */
  #deliver(message) {
    const value = JSON.parse(message.data);
    if (message.event === "flows") this.#observer.rows(value.rows ?? []);
    else if (message.event === "gap") this.#observer.gap(value);
    else if (message.event === "status") this.#observer.status(value);
    if (message.id !== null) this.#cursor = message.id;
    this.#attempt = 0;
    this.#report("open");
  }
}
