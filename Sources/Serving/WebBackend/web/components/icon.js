// SPDX-License-Identifier: Apache-2.0
// Small hand-drawn icons, 16 × 16, stroked in the current colour.

import { svg } from "./element.js";

/** @type {Record<string, string>} */
const paths = {
  pause: "M5.5 3.5v9M10.5 3.5v9",
  play: "M5 3.2v9.6l7.5-4.8z",
  close: "M4 4l8 8M12 4l-8 8",
  search: "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9M10.3 10.3L14 14",
  help: "M8 14.2A6.2 6.2 0 1 0 8 1.8a6.2 6.2 0 0 0 0 12.4M6.2 6.3A1.85 1.85 0 1 1 8 8.2v1M8 11.3v.1",
  chevron: "M6 4l4 4-4 4",
  down: "M4 6l4 4 4-4",
  up: "M4 10l4-4 4 4",
  filter: "M2.5 4h11M4.5 8h7M6.5 12h3",
  auto: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12M8 2v12M8 5l4.5-1M8 8h6M8 11l4.5 1",
  light: "M8 10.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6M8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1"
    + "M3.4 3.4l.7.7M11.9 11.9l.7.7M3.4 12.6l.7-.7M11.9 4.1l.7-.7",
  dark: "M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7z",
  warning: "M8 2.2L14.5 13.5h-13zM8 6.5v3.2M8 11.6v.1",
  copy: "M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z",
  flask: "M6 2h4M6.8 2v4L3 13.5h10L9.2 6V2M4.8 10.5h6.4",
};

/**
 * @param {string} name
 * @returns {SVGElement}
 */
export function icon(name) {
  return svg(
    "svg",
    { class: "icon", viewBox: "0 0 16 16", "aria-hidden": "true" },
    svg("path", { d: paths[name] ?? "" }),
  );
}

const whiskers = "M11 13.5C16 11 21 8.5 27 8M11.5 17C17 16.5 22 16 28 17M11 20.5C15.5 22.5 20 25 25.5 26";

/** Three whiskers and a nose. */
export function logo() {
  return svg(
    "svg",
    { class: "logo", viewBox: "0 0 32 32", "aria-hidden": "true" },
    svg("rect", { width: 32, height: 32, rx: 8, class: "logo-ground" }),
    svg("path", { class: "logo-hair", d: whiskers }),
    svg("circle", { class: "logo-nose", cx: 8, cy: 17, r: 3.6 }),
  );
}
