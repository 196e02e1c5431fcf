// SPDX-License-Identifier: Apache-2.0
// Which rows of a long list are on screen. All rows have one height, except that one may have an opened part
// below it.

/**
 * @typedef {object} ListGeometry
 * @property {number} count
 * @property {number} rowHeight  pixels
 * @property {number} openIndex  -1 when none
 * @property {number} openHeight  pixels of the opened part
 */

/** @param {ListGeometry} list */
export function listHeight(list) {
  return list.count * list.rowHeight + (list.openIndex >= 0 ? list.openHeight : 0);
}

/**
 * @param {ListGeometry} list
 * @param {number} index
 * @returns {number} top of that row, pixels
 */
export function rowTop(list, index) {
  const isBelowOpen = list.openIndex >= 0 && index > list.openIndex;
  return index * list.rowHeight + (isBelowOpen ? list.openHeight : 0);
}

/**
 * The row at a height; a height inside the opened part belongs to the opened row.
 * @param {ListGeometry} list
 * @param {number} y  pixels from the top of the list
 * @returns {number} 0 … count - 1; -1 for an empty list
 */
export function rowAt(list, y) {
  if (list.count === 0) return -1;
  let offset = y;
  if (list.openIndex >= 0) {
    const openTop = (list.openIndex + 1) * list.rowHeight;
    if (y >= openTop) offset = Math.max(openTop - 1, y - list.openHeight);
  }
  return Math.max(0, Math.min(list.count - 1, Math.floor(offset / list.rowHeight)));
}

/**
 * @param {ListGeometry} list
 * @param {number} scrollTop
 * @param {number} viewHeight
 * @param {number} [overscan]  rows drawn beyond each edge
 * @returns {{ first: number, end: number }} end is exclusive
 */
export function visibleRange(list, scrollTop, viewHeight, overscan = 6) {
  if (list.count === 0) return { first: 0, end: 0 };
  const first = Math.max(0, rowAt(list, scrollTop) - overscan);
  const end = Math.min(list.count, rowAt(list, scrollTop + viewHeight) + 1 + overscan);
  return { first, end };
}

/**
 * Scroll position that brings a row into view with the least movement: wholly, and of its opened part as
 * much as fits below the row itself.
 * @param {ListGeometry} list
 * @param {number} index
 * @param {number} scrollTop
 * @param {number} viewHeight
 */
export function scrollToShow(list, index, scrollTop, viewHeight) {
  const top = rowTop(list, index);
  const bottom = top + list.rowHeight + (index === list.openIndex ? list.openHeight : 0);
  return Math.min(top, Math.max(scrollTop, bottom - viewHeight));
}

/**
 * The row to hold still while rows come in above: the opened one while it is in view, else the first in view.
 * @param {ListGeometry} list
 * @param {number} scrollTop
 * @param {number} viewHeight
 * @returns {{ index: number, offset: number } | null}  offset from the top of the view; null at the very top
 */
export function anchorRow(list, scrollTop, viewHeight) {
  const openOffset = rowTop(list, Math.max(0, list.openIndex)) - scrollTop;
  const isSeen = openOffset > -list.rowHeight - list.openHeight && openOffset < viewHeight;
  if (list.openIndex >= 0 && isSeen) return { index: list.openIndex, offset: openOffset };
  const first = rowAt(list, scrollTop);
  return scrollTop <= 0 || first < 0 ? null : { index: first, offset: rowTop(list, first) - scrollTop };
}
