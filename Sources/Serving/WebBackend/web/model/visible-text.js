// SPDX-License-Identifier: Apache-2.0
// Names come from outside. Besides being shown as text, never as markup, they must not hide or reorder what
// is around.

/** Longer than any valid Kubernetes name (253) or label line worth showing in one place. */
const MAXIMUM_LENGTH = 2_000;

/** Control characters, soft hyphen, zero-width and bidirectional controls, line separators, BOM, tags. */
const HIDDEN = new RegExp(
  "[\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u180e\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f"
    + "\\ufeff\\u{e0000}-\\u{e007f}]",
  "gu",
);

/**
 * Makes invisible and direction-changing characters visible as `⟨U+202E⟩` and cuts absurd lengths.
 * @param {unknown} value
 * @returns {string}
 */
export function visibleText(value) {
  const text = typeof value === "string" ? value : String(value ?? "");
  const cut = text.length > MAXIMUM_LENGTH ? `${text.slice(0, MAXIMUM_LENGTH)}…` : text;
  return cut.replace(HIDDEN, (hidden) => {
    const code = (hidden.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
    return `⟨U+${code}⟩`;
  });
}
