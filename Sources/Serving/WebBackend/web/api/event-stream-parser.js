// SPDX-License-Identifier: Apache-2.0

/** @typedef {{ event: string, data: string, id: string | null }} StreamMessage */

/** A message longer than this is a fault, not data; the connection is given up. Characters. */
const MAXIMUM_MESSAGE = 16_000_000;

/**
 * Server-Sent Events from text in pieces of any size (WHATWG HTML, section 9.2.6).
 * Comments and `retry` are skipped: the client has its own back-off.
 */
export class EventStreamParser {
  #rest = "";
  #event = "";
  /** @type {string[]} */
  #data = [];
  /** @type {string | null} */
  #id = null;

  /**
   * @param {string} text
   * @returns {StreamMessage[]} the messages that this piece completes
   */
  push(text) {
    /** @type {StreamMessage[]} */
    const messages = [];
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    if (this.#rest.length > MAXIMUM_MESSAGE) throw new Error("the server sent a message that is too long");
    for (const line of lines) {
      const message = this.#line(line.endsWith("\r") ? line.slice(0, -1) : line);
      if (message) messages.push(message);
    }
    return messages;
  }

  /**
   * @param {string} line
   * @returns {StreamMessage | null}
   */
  #line(line) {
    if (line === "") return this.#finish();
    const colon = line.indexOf(":");
    if (colon === 0) return null;
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? "" : line.slice(colon + 1);
    if (value.startsWith(" ")) value = value.slice(1);
    if (field === "event") this.#event = value;
    else if (field === "data") this.#data.push(value);
    else if (field === "id" && !value.includes("\0")) this.#id = value;
    return null;
  }

  /** @returns {StreamMessage | null} */
  #finish() {
    const message = { event: this.#event || "message", data: this.#data.join("\n"), id: this.#id };
    const isEmpty = this.#data.length === 0;
    this.#event = "";
    this.#data = [];
    return isEmpty ? null : message;
  }
}
