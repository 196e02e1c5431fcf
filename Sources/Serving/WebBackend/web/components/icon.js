// SPDX-License-Identifier: Apache-2.0
// Small hand-drawn icons, 16 × 16, stroked in the current colour.

import { svg } from "./element.js";

/** @type {Record<string, string>} */
const paths = {
  pause: "M5.500 3.500v9M10.500 3.500v9",
  play: "M5 3.200v9.600l7.500-4.800z",
  close: "M4 4l8 8M12 4l-8 8",
  search: "M7 11.500a4.500 4.500 0 1 0 0-9 4.500 4.500 0 0 0 0 9M10.300 10.300L14 14",
  help: "M8 14.200A6.200 6.200 0 1 0 8 1.800a6.200 6.200 0 0 0 0 12.400M6.200 6.300A1.850 1.850 0 1 1 8 8.200v1M8 11.300v.1",
  chevron: "M6 4l4 4-4 4",
  down: "M4 6l4 4 4-4",
  up: "M4 10l4-4 4 4",
  filter: "M2.500 4h11M4.500 8h7M6.500 12h3",
  auto: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12M8 2v12M8 5l4.500-1M8 8h6M8 11l4.500 1",
  light: "M8 10.800a2.800 2.800 0 1 0 0-5.600 2.800 2.800 0 0 0 0 5.600M8 1.500v1M8 13.500v1M1.500 8h1M13.500 8h1M3.400 3.400l.7.7M11.900 11.900l.7.7M3.400 12.600l.7-.7M11.900 4.100l.7-.7",
  dark: "M13.500 9.500A6 6 0 0 1 6.500 2.500a6 6 0 1 0 7 7z",
  warning: "M8 2.200L14.500 13.500h-13zM8 6.500v3.200M8 11.600v.1",
  copy: "M5.500 5.500v-3h8v8h-3M2.500 5.500h8v8h-8z",
  flask: "M6 2h4M6.800 2v4L3 13.500h10L9.200 6V2M4.800 10.500h6.400",
};

/**
 * @param {string} name
 * @returns {SVGElement}
 */
export function icon(name) {
  return svg("svg", { class: "icon", viewBox: "0 0 16 16", "aria-hidden": "true" }, svg("path", { d: paths[name] ?? "" }));
}

/** Three whiskers and a nose. */
export function logo() {
  return svg(
    "svg",
    { class: "logo", viewBox: "0 0 32 32", "aria-hidden": "true" },
    svg("rect", { width: 32, height: 32, rx: 8, class: "logo-ground" }),
    svg("path", { class: "logo-hair", d: "M11 13.500C16 11 21 8.500 27 8M11.500 17C17 16.500 22 16 28 17M11 20.500C15.500 22.500 20 25 25.500 26" }),
    svg("circle", { class: "logo-nose", cx: 8, cy: 17, r: 3.6 }),
  );
}
