// SPDX-License-Identifier: Apache-2.0

import { nextSort, parseSort } from "../model/item-order.js";
import { h } from "./element.js";
import { columns } from "./flow-row.js";
import { icon } from "./icon.js";

const timeHelp = "Newest window of 15 seconds first; within it, the flow that joined last";

/**
 * Header cells; those that sort are buttons and say how with `aria-sort`.
 * @param {string} sort  as in the address
 * @param {(sort: string) => void} change
 * @returns {HTMLElement[]}
 */
export function headCells(sort, change) {
  const current = parseSort(sort);
  return columns.map((column) => {
    const isSorted = column.sort !== "" && column.sort === current.column;
    const direction = current.isDescending ? "descending" : "ascending";
    const order = column.sort === "" ? null : isSorted ? direction : "none";
    const title = column.id === "time" ? timeHelp : null;
    const attributes = { role: "columnheader", class: `cell cell-${column.id}`, "aria-sort": order, title };
    if (column.sort === "") return h("div", attributes, h("span", {}, column.label));
    const click = () => change(nextSort(sort, column.sort));
    const arrow = isSorted ? icon(current.isDescending ? "down" : "up") : null;
    return h(
      "div",
      attributes,
      h("button", { type: "button", click, "data-sort": column.sort }, column.label, arrow),
    );
  });
}
