// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FlowWindow } from "../../Sources/Serving/WebBackend/web/state/flow-window.js";
import {
  holdOrder, nextSort, parseSort, sortItems,
} from "../../Sources/Serving/WebBackend/web/model/item-order.js";
import { hit, row } from "./fixtures.js";

const windowOf = (rows, maximum) => {
  const kept = new FlowWindow(maximum);
  kept.upsert(rows);
  return kept;
};

describe("kept rows", () => {
  test("a row with a known id replaces the earlier one", () => {
    const kept = windowOf([row(), row({ packets_in: 30 })]);
    assert.equal(kept.size, 1);
    assert.equal(kept.items("windows")[0].packets, 32);
  });

  test("a group sums its windows and shows the newest", () => {
    const kept = windowOf(
      [
        row({ window: 1, packets_in: 10 }), row({ window: 0 }),
        row({ window: 2, updated_at: "2026-01-02T03:00:31.500Z" }),
      ]
    );
    const [item, ...others] = kept.items("grouped");
    assert.equal(others.length, 0);
    assert.deepEqual([item.windows, item.packets, item.bytes], [3, 5 + 12 + 5, 1500]);
    assert.equal(item.row.updated_at, "2026-01-02T03:00:31.500Z");
    assert.deepEqual(item.activity.slice(-3), [5, 12, 5]);
  });

  test("an update of one window corrects the sum instead of adding to it", () => {
    const kept = windowOf([row({ window: 0 }), row({ window: 1 })]);
    kept.upsert([row({ window: 1, packets_in: 13 })]);
    assert.equal(kept.items("grouped")[0].packets, 5 + 15);
  });

  test("the bound drops the oldest windows first, and counts them", () => {
    const kept = windowOf(Array.from({ length: 10 }, (_, window) => row({ window })), 4);
    assert.deepEqual([kept.size, kept.dropped], [4, 6]);
    assert.deepEqual(kept.items("windows").map((item) => item.startMs), [6, 7, 8, 9].map((window) =>
      Date.parse(row({ window }).start_time)));
    assert.equal(kept.items("grouped")[0].windows, 4);
  });

  test("a flow whose windows were all dropped is gone from the groups", () => {
    const kept = windowOf(
      [row({ flow: 1, window: 0 }), row({ flow: 2, window: 1 }), row({ flow: 3, window: 1 })], 2,
    );
    assert.deepEqual(kept.items("grouped").map((item) => item.row.flow), [2, 3]);
  });

  test("an id that is used again for another flow does not mix the two", () => {
    const kept = windowOf([row({ packets_in: 100 })]);
    kept.upsert([row({ dest_name: "cache" })]);
    assert.deepEqual(kept.items("grouped").map((item) => [item.row.dest_name, item.packets]), [["cache", 5]]);
  });

  test("windows that are over stop being live without the server's help", () => {
    const kept = windowOf([row({ window: 0, live: true }), row({ window: 1, live: true })]);
    assert.ok(kept.settle(Date.parse(row({ window: 1 }).start_time) + 2_500));
    assert.deepEqual(kept.items("windows").map((item) => item.row.live), [false, true]);
    assert.ok(!kept.settle(Date.parse(row({ window: 1 }).start_time) + 2_500));
  });

  test("an item is the same object until its content changes", () => {
    const kept = windowOf([row({ flow: 1 }), row({ flow: 2 })]);
    const before = kept.items("grouped");
    kept.upsert([row({ flow: 2, packets_in: 9 })]);
    const after = kept.items("grouped");
    assert.deepEqual([after[0] === before[0], after[1] === before[1]], [true, false]);
  });

  test("a row without a readable start is left out", () =>
    assert.equal(windowOf([row({ start_time: "soon" })]).size, 0));

  test("a row that staged policies would deny says so", () => {
    const kept = windowOf([row({ policies: { enforced: [hit()], pending: [hit({ action: "Deny" })] } })]);
    assert.equal(kept.items("grouped")[0].change, "would deny");
  });

  test("a quarter second's share of a thousand updates a second is quick with twenty thousand rows", () => {
    const kept = windowOf(
      Array.from({ length: 20_000 }, (_, index) =>
        row({ flow: index % 500, window: Math.floor(index / 500) }))
    );
    const start = performance.now();
    kept.upsert(Array.from({ length: 250 }, (_, index) => row({ flow: index, window: 40 })));
    sortItems(kept.items("windows"), "-time");
    assert.ok(performance.now() - start < 1_000);
    assert.equal(kept.size, 20_000);
  });
});

describe("order", () => {
  const items = (...rows) => windowOf(rows).items("windows");
  const flows = (list) => list.map((item) => item.row.flow);

  test("newest window first; inside it, the latest arrival first", () => {
    const list = items(row({ flow: 1, window: 0 }), row({ flow: 2, window: 1 }), row({ flow: 3, window: 1 }));
    assert.deepEqual(flows(sortItems(list, "-time")), [3, 2, 1]);
  });
  test("by bytes, ties newest first", () => {
    const list = items(
      row({ flow: 1, bytes_in: 5 }), row({ flow: 2, bytes_in: 900 }), row({ flow: 3, bytes_in: 5 }),
    );
    assert.deepEqual(flows(sortItems(list, "-bytes")), [2, 3, 1]);
  });
  test("ports are numbers", () => {
    const list = items(
      row({ flow: 1, dest_port: 8080 }), row({ flow: 2, dest_port: 443 }), row({ flow: 3, dest_port: 53 }),
    );
    assert.deepEqual(flows(sortItems(list, "port")), [3, 2, 1]);
  });
  test("an unknown column means newest first", () =>
    assert.deepEqual(parseSort("-__proto__"), { column: "time", isDescending: true }));
  test("clicks go round: natural, other way, back to newest first", () => {
    assert.equal(nextSort("-time", "bytes"), "-bytes");
    assert.equal(nextSort("-bytes", "bytes"), "bytes");
    assert.equal(nextSort("bytes", "bytes"), "-time");
    assert.equal(nextSort("-time", "time"), "time");
    assert.equal(nextSort("time", "time"), "-time");
  });
  test("a held order keeps known lines, puts new ones first and lets lost ones go", () => {
    const list = sortItems(
      items(row({ flow: 1 }), row({ flow: 2 }), row({ flow: 3 }), row({ flow: 4 })), "-time",
    );
    const key = (flow) => row({ flow }).id;
    assert.deepEqual(flows(holdOrder([key(2), key(9), key(1), key(3)], list)), [4, 2, 1, 3]);
  });
});
