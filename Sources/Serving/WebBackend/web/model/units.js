// SPDX-License-Identifier: Apache-2.0

const integers = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/**
 * `950`, `12,345`, `1.2 M`: whole numbers up to a million, then three digits and a letter.
 * @param {number} count
 */
export function formatCount(count) {
  if (count < 1e6) return integers.format(count);
  return count < 1e9 ? `${threeDigits(count / 1e6)} M` : `${threeDigits(count / 1e9)} G`;
}

/**
 * Decimal units: `950 B`, `1.23 kB`, `45.6 MB`.
 * @param {number} bytes
 */
export function formatBytes(bytes) {
  if (bytes < 1000) return `${integers.format(bytes)} B`;
  const units = ["kB", "MB", "GB", "TB", "PB"];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${threeDigits(value)} ${units[unit]}`;
}

/** @param {number} value */
function threeDigits(value) {
  return value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0);
}

/**
 * @param {number} perSecond
 */
export function formatRate(perSecond) {
  return perSecond < 100 ? perSecond.toFixed(1) : integers.format(perSecond);
}

/**
 * Local time of day, `HH:MM:SS`, whatever the language of the browser: columns must line up.
 * @param {number} milliseconds  Unix time
 */
export function formatTime(milliseconds) {
  if (!Number.isFinite(milliseconds)) return "–";
  const date = new Date(milliseconds);
  return [
    date.getHours(), date.getMinutes(), date.getSeconds(),
  ].map((part) => String(part).padStart(2, "0")).join(":");
}

/**
 * @param {number} milliseconds  Unix time
 * @returns {string} `2026-01-02 03:04:15 UTC`
 */
export function formatUTC(milliseconds) {
  if (!Number.isFinite(milliseconds)) return "–";
  return `${new Date(milliseconds).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/**
 * @param {number} count
 * @param {string} noun  singular
 * @param {string} [plural]
 */
export function countOf(count, noun, plural = `${noun}s`) {
  return `${formatCount(count)} ${count === 1 ? noun : plural}`;
}
