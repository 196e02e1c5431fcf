// SPDX-License-Identifier: Apache-2.0

/**
 * @typedef {"filter" | "next" | "previous" | "toggle" | "close" | "pause" | "newest" | "oldest" | "pageUp"
 *   | "pageDown" | "help"} ShortcutName
 */
/** @typedef {Record<ShortcutName, () => void>} ShortcutActions */

/** @type {Record<string, ShortcutName>} */
const keys = {
  "/": "filter", j: "next", ArrowDown: "next", k: "previous", ArrowUp: "previous", Enter: "toggle",
  Escape: "close", " ": "pause", t: "newest", Home: "newest", End: "oldest", PageUp: "pageUp",
  PageDown: "pageDown", "?": "help",
};

/**
 * Keys of the page. They rest while someone types, while a dialog or list is open, and on controls that use
 * the key.
 * @param {ShortcutActions} actions
 * @returns {(event: KeyboardEvent) => void}
 */
export function shortcuts(actions) {
  return (event) => {
    const action = keys[event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (document.querySelector("dialog[open], [popover]:popover-open")) return;
    const target = event.target instanceof Element ? event.target : document.body;
    if (target.closest("input, textarea, select")) {
      if (action === "close" && target instanceof HTMLElement) target.blur();
      return;
    }
    const pressesControl = event.key === "Enter" || event.key === " ";
    if (pressesControl && target.closest("button, a, summary")) return;
    event.preventDefault();
    actions[action]();
  };
}
