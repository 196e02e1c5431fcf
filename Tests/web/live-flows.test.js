// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { emptyFilter } from "../../Sources/Serving/WebBackend/web/state/flow-filter.js";
import { LiveFlows } from "../../Sources/Serving/WebBackend/web/state/live-flows.js";
import { effect, signal } from "../../Sources/Serving/WebBackend/web/state/signal.js";
import { row } from "./fixtures.js";

/** Live flows over a stream that the test writes to. */
function live(getPolicies = async () => ({ generation: 12, items: [] })) {
  const streams = [];
  const fetchStream = async (url, { signal: abort }) => {
    const body = new ReadableStream({
      start(controller) {
        streams.push(
          {
            url,
            send: (event, data) => controller.enqueue(
              new TextEncoder().encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
            ),
          }
        );
        abort.addEventListener(
          "abort", () => { try { controller.error(new Error("aborted")); } catch { /* closed already */ } },
        );
      },
    });
    return new Response(body);
  };
  const flows = new LiveFlows({ getPolicies }, fetchStream);
  return { flows, streams };
}

const tick = () => new Promise((resolve) => { setImmediate(resolve); });
const until = async (isDone) => { while (!isDone()) await tick(); };
const status = (overrides = {}) => (
  { generation: 12, now: "2026-01-02T03:00:00Z", sources: [], losses: [], policy_errors: [], ...overrides }
);

describe("live flows", () => {
  test("rows that come while paused wait, and are there after play", async () => {
    const { flows, streams } = live();
    flows.follow(emptyFilter());
    await until(() => streams.length === 1);
    flows.pause();
    streams[0].send("flows", { rows: [row({ flow: 1 }), row({ flow: 2 })] });
    await until(() => flows.waiting.peek() === 2);
    assert.equal(flows.window.size, 0);
    streams[0].send("flows", { rows: [row({ flow: 2, packets_in: 9 })] });
    await tick();
    flows.play();
    assert.deepEqual([flows.window.size, flows.waiting.peek()], [2, 0]);
    flows.stop();
  });

  test("now is the server's time, and stands still while paused", async () => {
    const { flows, streams } = live();
    flows.follow(emptyFilter());
    await until(() => streams.length === 1);
    streams[0].send("status", status());
    await until(() => flows.status.peek() !== null);
    assert.ok(Math.abs(flows.nowMs - Date.UTC(2026, 0, 2, 3)) < 5_000);
    flows.pause();
    const paused = flows.nowMs;
    streams[0].send("status", status({ now: "2026-01-02T03:05:00Z" }));
    await until(() => flows.status.peek().now.includes("03:05"));
    assert.equal(flows.nowMs, paused);
    flows.play();
    assert.ok(flows.nowMs - paused > 290_000);
    flows.stop();
  });

  test("a filter that the server need not know opens no new stream", async () => {
    const { flows, streams } = live();
    flows.follow(emptyFilter());
    await until(() => streams.length === 1);
    flows.follow({ ...emptyFilter(), q: "api", pending: ["differs"] });
    await tick();
    assert.equal(streams.length, 1);
    flows.stop();
  });

  test("a filter for the server opens a new stream and keeps the rows", async () => {
    const { flows, streams } = live();
    flows.follow(emptyFilter());
    await until(() => streams.length === 1);
    streams[0].send("flows", { rows: [row()] });
    await until(() => flows.window.size === 1);
    flows.follow({ ...emptyFilter(), action: ["Deny"] });
    await until(() => streams.length === 2);
    assert.match(streams[1].url, /Deny/);
    assert.equal(flows.window.size, 1);
    flows.stop();
  });

  test("gaps add up until they are dismissed; an unknown number stays unknown", async () => {
    const { flows, streams } = live();
    flows.follow(emptyFilter());
    await until(() => streams.length === 1);
    streams[0].send("gap", { missed: 3, reason: "slow" });
    streams[0].send("gap", { missed: 4, reason: "slow" });
    await until(() => flows.gap.peek()?.missed === 7);
    streams[0].send("gap", { missed: null, reason: "restart" });
    await until(() => flows.gap.peek()?.missed === null);
    flows.stop();
  });

  test("the texts of the rules are loaded once for each generation", async () => {
    let calls = 0;
    const { flows, streams } = live(async () => ({ generation: 12, items: [], calls: (calls += 1) }));
    flows.follow(emptyFilter());
    await until(() => streams.length === 1);
    streams[0].send("status", status());
    streams[0].send("status", status());
    await until(() => flows.policies.peek().generation === 12);
    streams[0].send("status", status({ generation: 13 }));
    await until(() => calls === 2);
    flows.stop();
  });
});

describe("signals", () => {
  test("an effect runs once for several changes in one go", async () => {
    const [a, b] = [signal(1), signal(2)];
    const sums = [];
    const stop = effect(() => void sums.push(a.value + b.value));
    a.value = 10;
    b.value = 20;
    await Promise.resolve();
    stop();
    a.value = 0;
    await Promise.resolve();
    assert.deepEqual(sums, [3, 30]);
  });
  test("an effect forgets what it no longer reads", async () => {
    const [isOn, text] = [signal(true), signal("a")];
    let runs = 0;
    effect(() => { runs += 1; if (isOn.value) void text.value; });
    isOn.value = false;
    await Promise.resolve();
    text.value = "b";
    await Promise.resolve();
    assert.equal(runs, 2);
  });
});
