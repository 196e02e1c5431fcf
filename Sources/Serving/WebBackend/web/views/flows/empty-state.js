// SPDX-License-Identifier: Apache-2.0
// What the table says when it has no rows: what is the case, and what to do next.

import { h } from "../../components/element.js";
import { visibleText } from "../../model/visible-text.js";

/**
 * @typedef {object} Emptiness
 * @property {import("../../api/flow-stream.js").Connection} connection
 * @property {import("../../api/types.js").Status | null} status
 * @property {boolean} isSettled  the server has spoken since the stream was opened
 * @property {boolean} isFiltered
 * @property {number} kept  rows kept that the filters hide
 */

/**
 * @param {Emptiness} state
 * @param {{ clear: () => void, retry: () => void }} actions
 * @returns {{ id: string, element: () => HTMLElement }}  the id changes when the element must be made anew
 */
export function emptyState(state, { clear, retry }) {
  const { connection, status } = state;
  const button = (/** @type {string} */ text, /** @type {() => void} */ click) => h(
    "button", { type: "button", class: "plain-button", click }, text,
  );
  if (state.isFiltered && (state.isSettled || state.kept > 0)) {
    const hidden = "Flows are arriving, but the filters hide them all.";
    const text = state.kept > 0 ? hidden : "New flows that match appear here by themselves.";
    return say(
      `filtered ${state.kept > 0}`, "No flow matches these filters", text, [button("Clear filters", clear)],
    );
  }
  if (connection.phase === "waiting" && connection.isRefusal) {
    const text = `It answered: ${visibleText(connection.error)}. The page keeps trying; if this lasts, look `
      + "at the server's log.";
    const buttons = [button("Try now", retry), ...(state.isFiltered ? [button("Clear filters", clear)] : [])];
    return say(`refused ${connection.error}`, "The server refused to send flows", text, buttons);
  }
  if (connection.phase === "waiting") {
    const text = `${visibleText(connection.error)}. Is the server running, and is this address right? The `
      + "page keeps trying.";
    return say(
      `waiting ${connection.error}`,
      "The server cannot be reached",
      sentence(text),
      [button("Try now", retry)],
    );
  }
  if (!state.isSettled) return { id: "loading", element: skeleton };
  if (status && status.connected_sources === 0) {
    const text = "Flows come from node agents or from the lab. Start one: “vibrissa lab” runs a small "
      + "cluster on this machine; in a cluster, see that the agents are running and can reach this server.";
    return say("no source", "No source of flows is connected", text, []);
  }
  if (status && status.endpoints === 0) {
    const text = "The manifests have no pods; policies alone make no traffic.";
    return say("no workloads", "No workloads", text, []);
  }
  const text = "Sources are connected and quiet. Open a connection between two workloads; it appears here "
    + "within a second.";
  return say("quiet", "No flows yet", text, []);
}

/** @param {string} id @param {string} title @param {string} text @param {HTMLElement[]} buttons */
function say(id, title, text, buttons) {
  return {
    id,
    element: () => h(
      "div",
      { class: "empty" },
      h("h2", {}, title),
      h("p", {}, text),
      h("div", { class: "empty-buttons" }, ...buttons),
    ),
  };
}

function skeleton() {
  const lines = Array.from(
    { length: 12 }, () => h("div", { class: "skeleton-row" }, h("i"), h("i"), h("i"), h("i")),
  );
  return h("div", { class: "skeleton", role: "status", "aria-label": "Loading flows" }, ...lines);
}

/** @param {string} text */
const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);
