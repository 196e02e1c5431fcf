// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { kindName, policyKey, policyTitle } from "../../Sources/Serving/WebBackend/web/model/policy-name.js";
import { sparklinePath } from "../../Sources/Serving/WebBackend/web/model/sparkline.js";
import {
  countOf, formatBytes, formatCount, formatRate, formatTime, formatUTC,
} from "../../Sources/Serving/WebBackend/web/model/units.js";
import {
  anchorRow, listHeight, rowAt, rowTop, scrollToShow, visibleRange,
} from "../../Sources/Serving/WebBackend/web/model/virtual-list.js";
import { visibleText } from "../../Sources/Serving/WebBackend/web/model/visible-text.js";

describe("numbers for people", () => {
  const counts = [
    [0, "0"], [999, "999"], [12_345, "12,345"], [1_234_567, "1.23 M"], [45_600_000_000, "45.6 G"],
  ];
  for (const [given, expected] of counts) test(`count ${given}`, () =>
    assert.equal(formatCount(given), expected));
  const sizes = [
    [0, "0 B"], [999, "999 B"], [1000, "1.00 kB"], [12_340, "12.3 kB"], [999_600, "1.00 MB"],
    [5e15, "5.00 PB"], [2e18, "2000 PB"],
  ];
  for (const [given, expected] of sizes) test(`bytes ${given}`, () =>
    assert.equal(formatBytes(given), expected));
  test("rates", () =>
    assert.deepEqual([formatRate(0), formatRate(3.44), formatRate(1234.5)], ["0.0", "3.4", "1,235"]));
  test("one and many", () =>
    assert.deepEqual(
      [countOf(1, "policy", "policies"), countOf(2, "policy", "policies")], ["1 policy", "2 policies"],
    ));
  test("times", () => {
    assert.match(formatTime(Date.UTC(2026, 0, 2, 3, 4, 5)), /^\d\d:\d\d:05$/);
    assert.equal(formatUTC(Date.UTC(2026, 0, 2, 3, 4, 5)), "2026-01-02 03:04:05 UTC");
    assert.deepEqual([formatTime(NaN), formatUTC(NaN)], ["–", "–"]);
  });
});

describe("names from outside", () => {
  const cases = [
    ["ordinary names are untouched", "web-6f9c7d5b4-*", "web-6f9c7d5b4-*"],
    ["other scripts are untouched", "магазин-店", "магазин-店"],
    ["markup is only text", "<b>x</b>", "<b>x</b>"],
    ["direction changes are shown", "a\u202eb", "a⟨U+202E⟩b"],
    ["zero width is shown", "a\u200bb", "a⟨U+200B⟩b"],
    ["control characters are shown", "a\u001b[31m\u0000", "a⟨U+001B⟩[31m⟨U+0000⟩"],
    ["tag characters are shown", "a\u{e0041}", "a⟨U+E0041⟩"],
    ["what is no text becomes one", 17, "17"],
    ["nothing is empty", null, ""],
  ];
  for (const [name, given, expected] of cases) test(name, () => assert.equal(visibleText(given), expected));
  test("absurd lengths are cut", () => assert.equal(visibleText("x".repeat(9_999)).length, 2_001));
});

describe("policies by name", () => {
  test("kinds read as in a manifest", () => assert.deepEqual([
    "CalicoNetworkPolicy", "NetworkPolicy", "Strange",
  ].map(kindName),
    ["NetworkPolicy", "Kubernetes NetworkPolicy", "Strange"]));
  test("cluster-wide policies have no namespace, whichever way that is said", () => {
    const [empty, dash] = ["", "-"].map(
      (namespace) => ({ kind: "GlobalNetworkPolicy", namespace, name: "deny" })
    );
    assert.equal(policyTitle(dash), "GlobalNetworkPolicy deny");
    assert.equal(policyKey(empty), policyKey(dash));
  });
});

describe("the virtual list", () => {
  const closed = { count: 100, rowHeight: 30, openIndex: -1, openHeight: 0 };
  const open = { ...closed, openIndex: 4, openHeight: 200 };

  test("every row is found at its own top and bottom", () => {
    for (const list of [closed, open]) for (let index = 0; index < list.count; index += 1) {
      assert.equal(rowAt(list, rowTop(list, index)), index);
      assert.equal(rowAt(list, rowTop(list, index) + 29), index);
    }
  });
  test("the opened part belongs to its row", () =>
    assert.deepEqual([150, 349, 350].map((y) => rowAt(open, y)), [4, 4, 5]));
  test("height counts the opened part", () =>
    assert.deepEqual([listHeight(closed), listHeight(open)], [3000, 3200]));
  test("the range covers the view with some to spare", () =>
    assert.deepEqual(visibleRange(closed, 300, 90, 2), { first: 8, end: 16 }));
  test("an empty list shows nothing", () =>
    assert.deepEqual(visibleRange({ ...closed, count: 0 }, 0, 500), { first: 0, end: 0 }));
  test("the least scrolling shows a row", () => {
    assert.equal(scrollToShow(closed, 2, 90, 300), 60);
    assert.equal(scrollToShow(closed, 12, 90, 300), 90);
    assert.equal(scrollToShow(closed, 20, 90, 300), 330);
  });
  test("an opened row is shown from its top when it is taller than the view", () =>
    assert.equal(scrollToShow(open, 4, 0, 150), 120));
  test("the anchor is the opened row in view, else the first row; none at the top", () => {
    assert.deepEqual(anchorRow(open, 0, 500), { index: 4, offset: 120 });
    assert.deepEqual(anchorRow(open, 1000, 500), { index: 26, offset: -20 });
    assert.equal(anchorRow(closed, 0, 500), null);
    assert.equal(anchorRow({ ...closed, count: 0 }, 0, 500), null);
  });
});

test("the sparkline draws a bar for every value above zero, the newest at the right", () => {
  assert.equal(sparklinePath([0, 4], 80, 16, 20), "M76 16v-16h3v16z");
  assert.equal(sparklinePath([], 80, 16, 20), "");
});
