// SPDX-License-Identifier: Apache-2.0

/**
 * Bars as one SVG path in a box of `width` × `height`, the newest at the right edge. Heights grow with the
 * square root, so that one burst does not flatten the rest; anything above zero is at least one unit high.
 * @param {number[]} values  oldest first
 * @param {number} width
 * @param {number} height
 * @param {number} slots  bars that fit
 * @returns {string}
 */
export function sparklinePath(values, width, height, slots) {
  const shown = values.slice(-slots);
  const highest = Math.max(1, ...shown);
  const step = width / slots;
  const bar = Math.max(1, step - 1);
  let path = "";
  shown.forEach((value, index) => {
    if (!(value > 0)) return;
    const tall = Math.max(1.5, Math.sqrt(value / highest) * height);
    const left = width - (shown.length - index) * step;
    path += `M${round(left)} ${height}v${round(-tall)}h${round(bar)}v${round(tall)}z`;
  });
  return path;
}

/** @param {number} value */
const round = (value) => Math.round(value * 10) / 10;
