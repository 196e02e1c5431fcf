// SPDX-License-Identifier: Apache-2.0
// Small choices that outlive the page. Storage may be forbidden or full; the page then works without.

/** @param {string} key @returns {string | null} */
export function readChoice(key) {
  try {
    return localStorage.getItem(`vibrissa.${key}`);
  } catch {
    return null;
  }
}

/** @param {string} key @param {string} value */
export function storeChoice(key, value) {
  try {
    localStorage.setItem(`vibrissa.${key}`, value);
  } catch {
    // Nothing to do: the choice holds until the page is left.
  }
}
