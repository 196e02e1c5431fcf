// SPDX-License-Identifier: Apache-2.0
// Serves the console's files and plays the server behind them, with seeded traffic of a small shop.
//   node Tests/web/dev-server.mjs [--port 8080] [--seed 7] [--hostile] [--simulated] [--scenario] [--rate 12]
// Page tests start it in their own process: `const server = await startDevServer({ seed: 7 })`.

import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { flowKeys, policies, policyErrors, randomSource } from "./dev-data.mjs";

const webFolder = fileURLToPath(new URL("../../Sources/Serving/WebBackend/web/", import.meta.url));
const types = {
  ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml",
};
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; "
  + "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const WINDOW_MS = 15_000;
const KEPT_UPDATES = 4_000;

/** The made-up traffic: rows by id, and a log of updates whose place is the cursor. */
class Traffic {
  rows = new Map();
  log = [];
  cursor = 0;
  isQuiet = false;

  constructor({ seed = 7, isHostile = false, rate = 12 }) {
    this.random = randomSource(seed);
    this.keys = flowKeys({ isHostile });
    this.rate = rate;
    const now = Date.now();
    for (let at = now - 290_000; at < now; at += 1_000) this.step(at, 0.4);
    for (const key of this.keys) this.touch(key, now); // every flow is there from the start
  }

  /** A moment of traffic: some keys, by weight, get packets. */
  step(atMs, share) {
    if (this.isQuiet) return;
    const total = this.keys.reduce((sum, key) => sum + key.weight, 0);
    const count = Math.max(1, Math.round(this.rate * share * (0.5 + this.random())));
    for (let event = 0; event < count; event += 1) {
      let place = this.random() * total;
      const key = this.keys.find((candidate) => (place -= candidate.weight) < 0) ?? this.keys[0];
      this.touch(key, atMs);
    }
  }

  touch({ identity }, atMs) {
    const startMs = Math.floor(atMs / WINDOW_MS) * WINDOW_MS;
    const id = `${identity.flow}-${startMs / 1000}`;
    const before = this.rows.get(id);
    const denied = identity.action === "Deny";
    const packets = denied ? 1 : 4 + Math.floor(this.random() * 40);
    const bytes = denied ? 60 : packets * (60 + Math.floor(this.random() * 900));
    const plus = (field, amount) => (before?.[field] ?? 0) + amount;
    const row = {
      id, ...identity, live: true, start_time: isoSeconds(startMs), end_time: isoSeconds(startMs + WINDOW_MS),
      updated_at: new Date(atMs).toISOString(),
      packets_in: plus("packets_in", packets), packets_out: plus("packets_out", denied ? 0 : packets),
      bytes_in: plus("bytes_in", bytes), bytes_out: plus("bytes_out", denied ? 0 : bytes * 3),
      connections_started: plus("connections_started", 1), connections_completed: plus(
        "connections_completed", denied ? 0 : 1,
      ),
      connections_live: denied ? 0 : 1, generation: 12,
    };
    this.publish(row);
  }

  publish(row) {
    this.rows.set(row.id, row);
    this.cursor += 1;
    this.log.push({ cursor: this.cursor, row });
    if (this.log.length > KEPT_UPDATES) this.log.shift();
    if (this.rows.size > 20_000) this.rows.delete(this.rows.keys().next().value);
  }

  closeWindows(nowMs) {
    for (const row of this.rows.values()) {
      if (row.live && Date.parse(row.end_time) <= nowMs) this.publish({ ...row, live: false });
    }
  }
}

const isoSeconds = (milliseconds) => new Date(milliseconds).toISOString().replace(".000Z", "Z");

/** The part of Whisker's filters that the page sends. */
function matcher(filters) {
  const text = (wanted, value) => !wanted?.length || wanted.some(
    (want) => (want.type === "Fuzzy" ? value.includes(want.value) : value === want.value)
  );
  const namespace = (value) => (value === "-" || value === "" ? "Global" : value);
  return (row) => text(
    filters.source_namespaces, namespace(row.source_namespace),
  ) && text(filters.source_names, row.source_name)
    && text(filters.dest_namespaces, namespace(row.dest_namespace)) && text(filters.dest_names, row.dest_name)
    && text(filters.protocols, row.protocol) && (
      !filters.dest_ports?.length || filters.dest_ports.some((port) => port.value === row.dest_port)
    )
    && (
      !filters.actions?.length || filters.actions.includes(row.action)
    ) && (!filters.reporter || filters.reporter === row.reporter);
}

function hintValues(type, rows) {
  const hits = (row) => [
    ...row.policies.enforced, ...row.policies.pending,
  ].filter((step) => step.kind !== "Profile").map((step) => step.trigger ?? step);
  const namespace = (value) => (value === "-" ? "Global" : value);
  const readers = {
    SourceName: (row) => [row.source_name], DestName: (row) => [row.dest_name], SourceNamespace: (row) => [
      namespace(row.source_namespace),
    ],
    DestNamespace: (row) => [
      namespace(row.dest_namespace),
    ], PolicyName: (row) => hits(row).map((step) => step.name),
    PolicyTier: (row) => hits(row).map(
      (step) => step.tier
    ), PolicyKind: (row) => hits(row).map((step) => step.kind),
    PolicyNamespace: (row) => hits(row).map((step) => step.namespace),
  };
  return readers[type] ? [...new Set(rows.flatMap(readers[type]))].sort() : null;
}

/**
 * @returns {Promise<{ url: string, control: object, close: () => Promise<void> }>}  `control` breaks things
 * on purpose:
 *   `dropStreams()`, `gap(missed, reason)`, `refuse` (HTTP status for streams, 0 for none), `quiet`,
 * `sources`, `publish(row)`
 */
export async function startDevServer(options = {}) {
  const traffic = new Traffic(options);
  const streams = new Set();
  const control = {
    refuse: 0, sources: 1, errors: policyErrors, losses: 0,
    scenario: options.scenario ? {
      name: "staged", step: 2, steps: 5, title: "Compare before you enforce",
      hint: "Open a row marked “would deny”.",
    } : null,
    set quiet(isQuiet) { traffic.isQuiet = isQuiet; },
    dropStreams() { for (const stream of streams) stream.response.destroy(); },
    gap(missed, reason) { for (const stream of streams) send(stream, "gap", { missed, reason }); },
    publish(row) { traffic.publish(row); },
    clear() { traffic.rows.clear(); traffic.log = []; },
  };

  const status = () => ({
    version: "0.1.0", mode: "lab", simulated: options.simulated ?? false,
    now: new Date().toISOString(), generation: 12,
    connected_sources: control.sources,
    sources: [
      {
        name: "lab-node", kind: "nftables", connected: control.sources > 0,
        last_event_at: new Date().toISOString(),
      },
    ],
    flows_per_second: traffic.isQuiet ? 0 : traffic.rate + (Date.now() % 7) / 3,
    flow_keys: traffic.keys.length, endpoints: 14,
    policies: {
      enforced: policies.filter((item) => !item.staged).length,
      staged: policies.filter((item) => item.staged).length,
    },
    losses: [
      {
        name: "nflog_events_lost", count: control.losses,
        help: "The kernel had more events than its buffer holds. Raise the buffer or sample.",
      },
      {
        name: "subscriber_updates_dropped", count: 0,
        help: "A page was too slow for the stream; it was told by a gap notice.",
      },
    ],
    policy_errors: control.errors, scenario: control.scenario,
  });

  const send = (stream, event, data, id = null) => stream.response.write(
    `${id === null ? "" : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
  );

  const openStream = (request, response, query) => {
    const filters = JSON.parse(query.get("filters") || "{}");
    const since = Number(query.get("since") ?? 300);
    if (!(since >= 0 && since <= 3600)) return fail(
      response, 400, "since: a number of seconds from 0 to 3600",
    );
    response.writeHead(200, headers("text/event-stream"));
    const last = Number(request.headers["last-event-id"] ?? NaN);
    const stream = {
      response, matches: matcher(filters), cursor: Number.isFinite(last) ? last : traffic.cursor,
    };
    streams.add(stream);
    response.on("close", () => streams.delete(stream));
    send(stream, "status", status());
    if (!Number.isFinite(last)) {
      const rows = [...traffic.rows.values()].filter(
        (row) => Date.parse(row.start_time) >= Date.now() - since * 1000 && stream.matches(row)
      );
      send(stream, "flows", { rows }, stream.cursor);
    }
  };

  const flush = () => {
    for (const stream of streams) {
      const news = traffic.log.filter((entry) => entry.cursor > stream.cursor && stream.matches(entry.row));
      const rows = new Map(news.map(({ row }) => [row.id, row]));
      stream.cursor = traffic.cursor;
      if (rows.size > 0) send(stream, "flows", { rows: [...rows.values()] }, stream.cursor);
    }
  };

  const timers = [
    setInterval(() => { traffic.step(Date.now(), 0.25); traffic.closeWindows(Date.now()); flush(); }, 250),
    setInterval(() => { for (const stream of streams) send(stream, "status", status()); }, 1000),
  ];

  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? "/", "http://localhost");
    try {
      if (url.pathname === "/api/v1/flows/live") {
        if (control.refuse) return fail(response, control.refuse, "refused for the test");
        return openStream(request, response, url.searchParams);
      }
      if (url.pathname === "/api/v1/status") return json(response, status());
      if (url.pathname === "/api/v1/policies") return json(response, { generation: 12, items: policies });
      if (url.pathname === "/whisker-backend/flows-filter-hints") {
        const matches = matcher(JSON.parse(url.searchParams.get("filters") || "{}"));
        const rows = [...traffic.rows.values()].filter(matches);
        const values = hintValues(url.searchParams.get("type"), rows);
        if (!values) return fail(response, 400, "type: not known");
        const total = { totalPages: 1, totalResults: values.length };
        return json(response, { total, items: values.map((value) => ({ value })) });
      }
      const path = normalize(url.pathname === "/" ? "/index.html" : url.pathname);
      const body = await readFile(join(webFolder, path));
      response.writeHead(200, headers(types[extname(path)] ?? "application/octet-stream"));
      response.end(body);
    } catch (error) {
      fail(response, error?.code === "ENOENT" ? 404 : 400, error?.message ?? "failed");
    }
  });
  await new Promise((resolve) => server.listen(options.port ?? 0, "127.0.0.1", () => resolve(undefined)));
  const close = () => {
    timers.forEach(clearInterval);
    control.dropStreams();
    server.closeAllConnections?.();
    return new Promise((resolve) => server.close(() => resolve(undefined)));
  };
  return { url: `http://127.0.0.1:${server.address().port}`, control, close };
}

const headers = (type) => (
  {
    "Content-Type": type, "Cache-Control": "no-cache", "Content-Security-Policy": contentSecurityPolicy,
    "X-Content-Type-Options": "nosniff",
  }
);

function json(response, value, code = 200) {
  response.writeHead(code, headers("application/json; charset=utf-8"));
  response.end(`${JSON.stringify(value)}\n`);
}

const fail = (response, code, error) => json(response, { error }, code);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const argument = (name, fallback) => {
    const at = process.argv.indexOf(`--${name}`);
    return at < 0 ? fallback : process.argv[at + 1];
  };
  const has = (name) => process.argv.includes(`--${name}`);
  const server = await startDevServer({
    port: Number(
      argument("port", 8080)
    ), seed: Number(argument("seed", 7)), rate: Number(argument("rate", 12)),
    isHostile: has("hostile"), simulated: has("simulated"), scenario: has("scenario"),
  });
  console.log(`console with made-up traffic: ${server.url}/`);
}
