// SPDX-License-Identifier: Apache-2.0
// The flows page in a real browser. With BASE_URL against that server, else against the development server.
//   BASE_URL=http://127.0.0.1:8080 OUTPUT_DIR=output/screenshots node --test Tests/web/pages/

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { hostileNames } from "../dev-data.mjs";
import { startDevServer } from "../dev-server.mjs";
import { row } from "../fixtures.js";
import { Browser, missingBrowser, until } from "./webdriver.mjs";

const missing = await missingBrowser();
const isRequired = process.env.REQUIRE_BROWSER_TESTS === "1";
const realServer = process.env.BASE_URL ?? "";
const needsDevServer = realServer ? "needs the development server, BASE_URL is set" : false;
const ENTER = "\uE007";
const ESCAPE = "\uE00C";
const DOWN = "\uE015";
const [END, HOME, PAGE_DOWN] = ["\uE010", "\uE011", "\uE00F"];

/** A row of a flow that was not there before, in the window of this moment. */
function newFlow(overrides) {
  const now = Date.now();
  const start = Math.floor(now / 15_000) * 15_000;
  const times = { start_time: start, end_time: start + 15_000, updated_at: now };
  const texts = Object.fromEntries(
    Object.entries(times).map(([name, at]) => [name, new Date(at).toISOString()])
  );
  return row({ ...texts, id: `${overrides.flow}-${start / 1000}`, live: true, ...overrides });
}

if (missing && isRequired) test("a browser is installed", () => assert.fail(missing));

describe("flows page", { skip: missing || false }, () => {
  /** @type {Browser} */
  let browser;
  let server = null;
  let base = realServer.replace(/\/$/, "");

  before(async () => {
    if (!base) {
      server = await startDevServer({ seed: 7, isHostile: true });
      base = server.url;
    }
    browser = await Browser.start();
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });

  const show = async (search = "", { width = 1440, height = 900, scheme = "light" } = {}) => {
    await browser.size(width, height);
    await browser.scheme(scheme);
    await browser.open(`${base}/${search}`);
    await until("rows", () => browser.run("return document.querySelectorAll('.row').length > 0"), 30_000);
  };
  const texts = (css) => browser.run(
    "return [...document.querySelectorAll(arguments[0])].map((element) => element.innerText)", css,
  );
  const text = async (css) => (await texts(css))[0] ?? "";
  const count = (css) => browser.run("return document.querySelectorAll(arguments[0]).length", css);
  const parameters = async () => new URL(await browser.address()).searchParams;
  const rowCount = () => browser.run(
    "return Number(document.querySelector('flow-table').getAttribute('aria-rowcount')) - 1"
  );
  /** A namespace that some row has, but not every one. */
  const someNamespace = () => until("a row with a namespace", () => browser.run(
    "return document.querySelector('.row .cell-source .namespace')?.textContent"));

  test("rows appear with time, action, ends, protocol, port, reporter and counts", async () => {
    const start = Date.now();
    await show();
    assert.ok(Date.now() - start < 5_000);
    const cells = await browser.run(`return Object.fromEntries(
      [...document.querySelector(".row").querySelectorAll(".cell")]
      .map((cell) => [cell.className.split("cell-")[1], cell.innerText]))`);
    assert.match(cells.time, /^\d\d:\d\d:\d\d/);
    assert.match(cells.verdict, /Allow|Deny/);
    for (
      const column of ["source", "dest", "protocol", "port", "reporter", "packets", "bytes"]
    ) assert.notEqual(cells[column], "", column);
    await until("the connection", async () => (await text(".status-state")) === "Connected");
    assert.match(await text("status-line"), /flows\/s/);
    await browser.screenshot("flows-1440-light");
  });

  test("nothing breaks the content security policy, and nothing is logged as an error", async () => {
    await browser.log(); // what earlier pages said
    await show();
    const errors = (await browser.log()).filter((entry) => entry.level === "SEVERE");
    assert.deepEqual(errors.map((entry) => entry.message), []);
  });

  test("a namespace filter narrows the rows, is in the address and survives a reload", async () => {
    await show();
    const namespace = await someNamespace();
    await browser.click("[data-field=source_namespace] .facet-button");
    await until("values", () => count("[data-field=source_namespace] .facet-option"));
    await browser.run(
      "[...document.querySelectorAll('.facet-option input')].find((box) => box.value === arguments[0])"
        + ".click()",
      namespace,
    );
    const isNarrow = async () => {
      const shown = await texts(".row .cell-source");
      return shown.length > 0 && shown.every(
        (source) => source.startsWith(`${namespace}/`) || source.startsWith(`${namespace}\n`)
      );
    };
    await until("only that namespace", isNarrow);
    assert.deepEqual((await parameters()).getAll("source_namespace"), [namespace]);
    await browser.open(await browser.address());
    await until("only that namespace after a reload", isNarrow, 30_000);
    assert.match(await text(".chip"), new RegExp(namespace));
    await browser.screenshot("flows-filtered");
    await browser.click(".clear-filters");
    await until("an address without filter", async () => (await parameters()).toString() === "");
  });

  test("Back undoes a filter", async () => {
    await show();
    await browser.click(".segmented button[value=Deny]");
    await until("the address", async () => (await parameters()).get("action") === "Deny");
    await until("only denied rows or none", async () =>
      (await texts(".row .cell-verdict")).every((verdict) => verdict.startsWith("Deny")));
    await browser.back();
    await until("the filter to go", async () => (await parameters()).toString() === "");
    await until("the button to follow", () =>
      browser.run(
        "return document.querySelector('.segmented button[value=\"\"]').ariaPressed === 'true'"
      ));
  });

  test("words filter as they are typed", async () => {
    await show();
    await browser.press("/");
    await browser.press(..."no-such-name-anywhere");
    await until("the empty state", async () => (await text(".empty h2")) === "No flow matches these filters");
    assert.equal((await parameters()).get("q"), "no-such-name-anywhere");
  });

  test("pause stops new rows, play brings them", async () => {
    await show("?view=windows");
    await browser.click(".play-button");
    const picture = () => browser.run(
      "return [...document.querySelectorAll('.row')].map((row) => row.innerText).join()"
    );
    const before = await picture();
    await until("rows held back", async () => /waiting/.test(await text(".play-state")), 30_000);
    assert.equal(await picture(), before);
    await browser.screenshot("flows-paused");
    await browser.click(".play-button");
    await until("new rows", async () => (await picture()) !== before, 30_000);
  });

  test("an opened row says why and shows both ladders, and the stream goes on", async () => {
    await show();
    await browser.click(".row .cell-verdict");
    await until("two ladders", async () => (await count("policy-trace")) === 2);
    assert.match(await text(".summary-enforced"), /Allowed|Denied/);
    assert.match(await text(".summary-pending"), /staged policies/);
    assert.deepEqual(await texts(".ladder-title"), ["Enforced now", "If staged policies were enforced"]);
    assert.ok(await count("policy-trace .rung"));
    assert.equal(await text(".play-state"), "Live");
    const top = () => browser.run("return document.querySelector('.row.open').getBoundingClientRect().top");
    const [placeBefore, updateBefore] = [await top(), await text("status-line")];
    await until("news", async () => (await text("status-line")) !== updateBefore, 30_000);
    assert.equal(await top(), placeBefore);
    await browser.screenshot("flows-opened");
    await browser.press(ESCAPE);
    await until("the row to close", async () => (await count("policy-trace")) === 0);
  });

  test("keys choose, open and close a row, pause, and show help", async () => {
    await show();
    await browser.press("j", DOWN, "k");
    await until("a chosen row", async () => (await count(".row.selected")) === 1);
    await browser.press(ENTER);
    await until("two ladders", async () => (await count("policy-trace")) === 2);
    assert.equal(
      await browser.run("return document.querySelector('.row.open').getAttribute('aria-expanded')"), "true",
    );
    await browser.press(ESCAPE);
    await until("the row to close", async () => (await count("policy-trace")) === 0);
    await browser.press(" ");
    await until("a pause", async () => /^Paused/.test(await text(".play-state")));
    await browser.press(" ", "?");
    await until("help", () => browser.run("return document.querySelector('help-dialog dialog').open"));
    await browser.screenshot("flows-help");
    await browser.press(ESCAPE);
    await until("help to close", () =>
      browser.run("return !document.querySelector('help-dialog dialog').open"));
  });

  test("keys act on rows after a button was clicked, and scroll them", async () => {
    await show();
    await browser.click(".segmented button[value=Allow]");
    await until("the filter", async () => (await parameters()).get("action") === "Allow");
    await browser.press("j");
    await until("a chosen row", async () => (await count(".row.selected")) === 1);
    await browser.press(ENTER);
    await until("two ladders", async () => (await count("policy-trace")) === 2);
    assert.equal((await parameters()).get("action"), "Allow");
    await browser.press(ESCAPE);
    await until("the row to close", async () => (await count("policy-trace")) === 0);
    await show("?view=windows", { height: 500 });
    const top = () => browser.run("return document.querySelector('.table-scroller').scrollTop");
    await browser.press(PAGE_DOWN);
    await until("a page down", async () => (await top()) > 100);
    const page = await top();
    await browser.press(END);
    await until("the end", async () => (await top()) > page);
    await browser.press(HOME);
    await until("the beginning", async () => (await top()) === 0);
  });

  test("a header click sorts, and says so to everyone", async () => {
    await show();
    await browser.click("[data-sort=bytes]");
    await until("the address", async () => (await parameters()).get("sort") === "-bytes");
    assert.equal(
      await browser.run(
        "return document.querySelector('[data-sort=bytes]').parentElement.getAttribute('aria-sort')"
      ),
      "descending",
    );
  });

  test("dark follows the system, and the button overrules it for good", async () => {
    const ground = () => browser.run("return getComputedStyle(document.body).backgroundColor");
    await show("", { scheme: "light" });
    const light = await ground();
    await show("", { scheme: "dark" });
    const dark = await ground();
    assert.notEqual(dark, light);
    await browser.screenshot("flows-1440-dark");
    await browser.click("theme-toggle button");
    await until("light", async () => (await ground()) === light);
    await show("", { scheme: "dark" });
    assert.equal(await ground(), light);
    await browser.run("localStorage.clear()");
  });

  test("nothing is cut off at the side, at any width", async () => {
    for (const [width, height] of [[1440, 900], [1024, 768], [760, 800], [390, 844], [320, 640]]) {
      await show("", { width, height });
      assert.ok(
        await browser.run("return document.documentElement.scrollWidth <= innerWidth"), `${width} pixels`,
      );
      await browser.screenshot(`flows-${width}`);
    }
  });

  test("a narrow window shows rows in two lines that still open", async () => {
    await show("", { width: 390, height: 844 });
    assert.equal(await browser.run("return document.querySelector('.row').offsetHeight"), 60);
    const [verdict, source] = await browser.run(
      "return ['verdict', 'source'].map((id) =>"
        + " document.querySelector('.row .cell-' + id).getBoundingClientRect().top)"
    );
    assert.ok(source > verdict);
    await browser.click(".row");
    await until("two ladders", async () => (await count("policy-trace")) === 2);
    await browser.screenshot("flows-390-opened");
  });

  describe("with the development server", { skip: needsDevServer }, () => {
    test("hostile names are text", async () => {
      await show();
      await until("hostile rows", async () =>
        (await texts(".row .name")).some((name) => name.includes("<img")));
      const names = await until("all of them", async () => {
        const shown = await texts(".row .name");
        return shown.some(
          (name) => name.includes("⟨U+202E⟩")
        ) && shown.some((name) => name.includes("<script>")) && shown;
      });
      assert.ok(!names.some((name) => name.includes("\u202e") || name.includes("\u200b")));
      await browser.run(
        "[...document.querySelectorAll('.row')].find((row) => row.innerText.includes('<img')).click()"
      );
      await until("the ladder", async () =>
        (await texts(".rung-name")).some((name) => name.includes(hostileNames[0])));
      assert.equal(
        await count("flow-table img, flow-table script, flow-table [onerror], flow-table [onload]"), 0,
      );
      assert.equal(await browser.run("return document.title"), "Flows · Vibrissa");
      await browser.screenshot("flows-hostile");
    });

    test("rows that staged policies would change are marked and can be had alone", async () => {
      await show("?pending=differs");
      const verdicts = await texts(".row .cell-verdict");
      assert.ok(verdicts.length >= 4 && verdicts.every((verdict) => /would (deny|allow)/.test(verdict)));
      await browser.run(
        "[...document.querySelectorAll('.row')].find((row) => row.innerText.includes('would deny')).click()"
      );
      await until("the marked step", async () => (await count(".rung-differs")) === 1);
      await browser.screenshot("flows-would-change");
    });

    test("a new denied flow is in sight within a second", async () => {
      await show();
      server.control.publish(newFlow({ flow: 900, action: "Deny", source_name: "intruder" }));
      await until(
        "the denied row", async () => (await texts(".row.denied .name")).includes("intruder"), 1_000,
      );
    });

    test("rows that come in above an opened one do not move it, and are announced", async () => {
      await show();
      await browser.click(".row .cell-verdict");
      await until("two ladders", async () => (await count("policy-trace")) === 2);
      const top = () => browser.run("return document.querySelector('.row.open').getBoundingClientRect().top");
      const before = await top();
      for (const flow of [901, 902, 903]) server.control.publish(
        newFlow({ flow, source_name: `late-${flow}` })
      );
      await until("the announcement", async () => /3 new rows above/.test(await text(".above-button")));
      assert.equal(await top(), before);
      await browser.screenshot("flows-new-above");
      await browser.click(".above-button");
      await until("the new rows", async () => (await texts(".row .name")).includes("late-903"));
    });

    test("losing the server is said, and it comes back by itself", async () => {
      await show();
      server.control.refuse = 503;
      server.control.dropStreams();
      await until("the loss", async () => /Connection lost/.test(await text(".status-state")));
      assert.ok(await rowCount() > 0);
      await browser.screenshot("flows-lost");
      server.control.refuse = 0;
      await until("the connection", async () => (await text(".status-state")) === "Connected", 20_000);
    });

    test("a gap is told and can be put away", async () => {
      await show();
      await until("the stream", async () => (await text(".status-state")) === "Connected");
      server.control.gap(12, "this page was too slow");
      await until("the notice", async () =>
        /12 updates did not reach this page/.test(await text(".notice-gap")));
      await browser.click(".notice-gap button");
      await until("the notice to go", async () => (await count(".notice-gap")) === 0);
    });

    test("policy errors and losses can be read in full", async () => {
      await show();
      await until("the count", async () => /1 policy error\s*· 1 warning/.test(await text("status-line")));
      await browser.click(".policies-button");
      await until("the panel", () =>
        browser.run("return document.querySelector('problem-panel dialog').open"));
      assert.match(
        await text(".error-item"),
        /shop\/allow-metrics[\s\S]*policies\/shop\.yaml:71:9[\s\S]*Hint: write Allow/,
      );
      assert.match(await text(".loss-list"), /nflog_events_lost/);
      await browser.screenshot("flows-problems");
    });
  });
});
