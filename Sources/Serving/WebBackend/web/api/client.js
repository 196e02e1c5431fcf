// SPDX-License-Identifier: Apache-2.0
// Requests that are answered once. The stream of flows is in flow-stream.js.

/** A refused or failed request, in words a person can act on. */
export class RequestError extends Error {
  /** @param {string} message @param {number} status */
  constructor(message, status) {
    super(message);
    this.name = "RequestError";
    this.status = status;
  }
}

/**
 * The server's own words for a refusal (`{"error":"text"}`), or the status line when there are none.
 * @param {Response} response
 * @returns {Promise<RequestError>}
 */
export async function requestError(response) {
  const body = await response.json().catch(() => null); // a proxy may answer with HTML
  const status = `${response.status} ${response.statusText}`;
  return new RequestError(typeof body?.error === "string" ? body.error : status, response.status);
}

/**
 * @param {string} path
 * @param {{ signal?: AbortSignal }} [options]
 * @returns {Promise<any>}
 */
async function getJSON(path, options = {}) {
  const response = await fetch(path, { ...options, headers: { Accept: "application/json" } });
  if (!response.ok) throw await requestError(response);
  return response.json();
}

/** @returns {Promise<import("./types.js").Status>} */
export const getStatus = () => getJSON("/api/v1/status");

/** @returns {Promise<import("./types.js").PolicyList>} */
export const getPolicies = () => getJSON("/api/v1/policies");

/**
 * Values that a filter field can take.
 * @param {string} type  DestName, SourceNamespace, PolicyName, …
 * @param {object} filters  Whisker filters JSON; the field asked for should be left out
 * @param {AbortSignal} [signal]
 * @returns {Promise<string[]>}
 */
export async function getHints(type, filters, signal) {
  const query = `type=${type}&page=0&pageSize=50&filters=${encodeURIComponent(JSON.stringify(filters))}`;
  const answer = await getJSON(`/whisker-backend/flows-filter-hints?${query}`, { signal });
  return (answer.items ?? []).map((/** @type {{ value: string }} */ item) => item.value);
}
