// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EventStreamParser } from "../../Sources/Serving/WebBackend/web/api/event-stream-parser.js";
import { backoffMilliseconds, FlowStream } from "../../Sources/Serving/WebBackend/web/api/flow-stream.js";

describe("the event stream", () => {
  const text = ": hello\nid: 7\nevent: flows\ndata: {\"a\":\ndata: 1}\n\n"
    + "retry: 5\r\ndata:x\r\n\r\nevent: none\n\n";
  const expected = [
    { event: "flows", data: "{\"a\":\n1}", id: "7" },
    { event: "message", data: "x", id: "7" },
  ];
  test("is read whole", () => assert.deepEqual(new EventStreamParser().push(text), expected));
  test("is read the same however it is cut", () => {
    for (let cut = 0; cut <= text.length; cut += 1) {
      const parser = new EventStreamParser();
      assert.deepEqual(
        [...parser.push(text.slice(0, cut)), ...parser.push(text.slice(cut))], expected, `cut at ${cut}`,
      );
    }
  });
  test("one line without end is refused before memory is", () => {
    const parser = new EventStreamParser();
    assert.throws(() => parser.push("x".repeat(16_000_001)), /too long/);
  });
});

describe("the pause before another try", () => {
  test("doubles from half a second to fifteen", () => {
    const pauses = [1, 2, 3, 4, 5, 6, 7, 99].map((attempt) => backoffMilliseconds(attempt, 0.5));
    assert.deepEqual(pauses, [500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
  });
  test("is spread by a fifth either way", () =>
    assert.deepEqual([backoffMilliseconds(2, 0), backoffMilliseconds(2, 1)], [800, 1200]));
});

/** A server in a few lines: each request takes the next answer; an answer that is not closed stays open. */
function scripted(answers) {
  const requests = [];
  const fetchStream = async (url, { headers, signal }) => {
    requests.push({ url, headers });
    const answer = answers.shift() ?? { text: "", isOpen: true };
    if (answer.status) return new Response(
      JSON.stringify({ error: answer.error }), { status: answer.status },
    );
    const body = new ReadableStream({
      start(controller) {
        signal.addEventListener(
          "abort", () => { try { controller.error(new Error("aborted")); } catch { /* closed already */ } },
        );
        controller.enqueue(new TextEncoder().encode(answer.text));
        if (!answer.isOpen) controller.close();
      },
    });
    return new Response(body);
  };
  return { requests, fetchStream };
}

function watch(answers, silenceLimitMs) {
  const seen = { rows: [], gaps: [], statuses: [], connections: [] };
  let wake = () => {};
  const note = (list) => (value) => { seen[list].push(value); wake(); };
  const { requests, fetchStream } = scripted(answers);
  const stream = new FlowStream(
    { rows: note("rows"), gap: note("gaps"), status: note("statuses"), connection: note("connections") },
    fetchStream, silenceLimitMs);
  const until = async (isDone) => {
    while (!isDone()) await new Promise((resolve) => { wake = () => resolve(undefined); });
  };
  return { seen, requests, stream, until };
}

describe("the stream's connection", () => {
  test("delivers rows, gaps and status, and asks with since and filters", async () => {
    const { seen, requests, stream, until } = watch([{ isOpen: true,
      text: "event: flows\ndata: {\"rows\":[1]}\n\nevent: gap\ndata: {\"missed\":3,\"reason\":\"slow\"}\n\n"
        + "event: status\ndata: {\"mode\":\"lab\"}\n\n" }]);
    stream.open(300, { actions: ["Deny"] });
    await until(() => seen.statuses.length === 1);
    stream.close();
    assert.deepEqual(
      [seen.rows, seen.gaps, seen.statuses], [[[1]], [{ missed: 3, reason: "slow" }], [{ mode: "lab" }]],
    );
    assert.equal(
      requests[0].url, "/api/v1/flows/live?since=300&filters=%7B%22actions%22%3A%5B%22Deny%22%5D%7D",
    );
    assert.equal(requests[0].headers["Last-Event-ID"], undefined);
  });

  test("comes back with the last cursor after the server ended it", async () => {
    const { seen, requests, stream, until } = watch(
      [{ text: "id: c41\nevent: flows\ndata: {\"rows\":[1]}\n\n" }]
    );
    stream.open(300, {});
    await until(() => seen.connections.some((connection) => connection.phase === "waiting"));
    assert.match(seen.connections[seen.connections.length - 1].error, /ended the stream/);
    stream.retryNow();
    await until(() => requests.length === 2);
    stream.close();
    assert.equal(requests[1].headers["Last-Event-ID"], "c41");
  });

  test("says in the server's words why it was refused, and counts the tries", async () => {
    const { seen, stream, until } = watch(
      [{ status: 400, error: "since: too long ago" }, { status: 500, error: "again" }]
    );
    stream.open(9999, {});
    await until(() => seen.connections.some((connection) => connection.attempt === 1));
    const first = seen.connections[seen.connections.length - 1];
    assert.deepEqual([first.phase, first.error, first.isRefusal], ["waiting", "since: too long ago", true]);
    assert.ok(first.retryAt > Date.now());
    await until(
      () => seen.connections.some((connection) => connection.attempt === 2 && connection.phase === "waiting")
    );
    stream.close();
  });

  test("a stream that says nothing at all is given up", async () => {
    const { seen, stream, until } = watch([{ text: ": open\n", isOpen: true }], 20);
    stream.open(300, {});
    await until(() => seen.connections.some((connection) => connection.phase === "waiting"));
    stream.close();
    assert.match(
      seen.connections.find((connection) => connection.phase === "waiting").error, /nothing heard for 0.02 s/,
    );
  });

  test("a new stream forgets the cursor of the old one", async () => {
    const { seen, requests, stream, until } = watch(
      [{ isOpen: true, text: "id: c1\nevent: flows\ndata: {\"rows\":[]}\n\n" }]
    );
    stream.open(300, {});
    await until(() => seen.rows.length === 1);
    stream.open(300, { reporter: "Src" });
    await until(() => requests.length === 2);
    stream.close();
    assert.equal(requests[1].headers["Last-Event-ID"], undefined);
  });
});
