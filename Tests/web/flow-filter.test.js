// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { filterMatcher, isActive } from "../../Sources/Serving/WebBackend/web/model/filter-match.js";
import {
  emptyFilter, formatSearch, isEmptyFilter, parseSearch, serverFilters,
} from "../../Sources/Serving/WebBackend/web/state/flow-filter.js";
import { endOfTier, hit, row } from "./fixtures.js";

describe("the address", () => {
  const addresses = [
    "", "?source_namespace=shop", "?source_namespace=shop&source_namespace=payments&dest_name=%7Edb",
    "?dest_port=5432&action=Deny&policy=deny-egress&reporter=Src&pending=differs",
    "?q=api+-dns&view=windows&sort=-bytes",
    "?source_name=%3Cimg+src%3Dx%3E%26%3D%3F",
  ];
  for (const address of addresses) {
    test(`survives a round trip: ${address || "(empty)"}`, () =>
      assert.equal(formatSearch(parseSearch(address)), address));
  }

  const nonsense = [
    "?dest_port=99999", "?dest_port=-1", "?action=Maybe", "?reporter=Both", "?pending=yes", "?sort=colour",
    "?view=pie",
    "?source_name=", "?source_name=~", `?source_name=${"x".repeat(301)}`, "?sort=constructor", "?%ZZ=%",
  ];
  for (const address of nonsense) {
    test(`leaves out what makes no sense: ${address.slice(0, 30)}`, () =>
      assert.equal(formatSearch(parseSearch(address)), ""));
  }

  test("keeps at most 50 values of a field", () => {
    const search = Array.from({ length: 90 }, (_, index) => `source_name=n${index}`).join("&");
    assert.equal(parseSearch(`?${search}`).filter.source_name.length, 50);
  });

  test("an empty filter is empty", () =>
    assert.ok(isEmptyFilter(parseSearch("?view=windows&sort=bytes").filter)));
});

describe("what is sent to the server", () => {
  test("names with their kind of match, ports as numbers, one reporter", () => {
    const { filter } = parseSearch(
      "?source_namespace=shop&dest_name=~db&dest_port=53&protocol=udp&action=Deny&reporter=Src"
    );
    assert.deepEqual(serverFilters(filter), {
      source_namespaces: [{ value: "shop", type: "Exact" }], dest_names: [{ value: "db", type: "Fuzzy" }],
      protocols: [
        { value: "udp", type: "Exact" },
      ], dest_ports: [{ value: 53, type: "Exact" }], actions: ["Deny"], reporter: "Src",
    });
  });

  test("text, policy and pending stay in the page", () =>
    assert.deepEqual(serverFilters(parseSearch("?q=x&policy=p&pending=differs").filter), {}));
  test("both reporters are no condition", () =>
    assert.deepEqual(serverFilters(parseSearch("?reporter=Src&reporter=Dst").filter), {}));
  test("hints leave out the field they are about", () =>
    assert.deepEqual(serverFilters(parseSearch("?source_namespace=shop").filter, "source_namespace"), {}));
});

describe("matching rows", () => {
  const world = row({ source_namespace: "-", source_name: "PUBLIC NETWORK", source_type: "Network" });
  const denied = row({ action: "Deny", policies: { enforced: [endOfTier()], pending: [endOfTier()] } });
  const staged = row(
    { policies: { enforced: [hit()], pending: [hit({ action: "Deny", name: "lockdown" })] } }
  );
  const blocked = row(
    { action: "Deny", policies: { enforced: [hit({ action: "Deny" })], pending: [hit()] } }
  );
  const web = row({
    dest_port: 8080, dest_service_name: "frontend", dest_service_port: 80, dest_name: "web-0",
    dest_labels: "app=web",
  });
  const defaultDeny = row({ action: "Deny", policies: { enforced: [endOfTier({
    trigger: hit({ kind: "NetworkPolicy", namespace: "data", name: "default-deny" }),
  })], pending: [] } });
  const now = Date.parse(row().updated_at) + 10_000;
  const cases = [
    ["no filter", "", row(), true],
    ["namespace", "?source_namespace=shop", row(), true],
    ["another namespace", "?source_namespace=blog", row(), false],
    ["one of two", "?source_namespace=blog&source_namespace=shop", row(), true],
    ["all fields must hold", "?source_namespace=shop&dest_port=80", row(), false],
    ["an exact name is not a part", "?source_name=api", row(), false],
    ["contains", "?source_name=~api", row(), true],
    ["cluster-wide is called Global", "?source_namespace=Global", world, true],
    ["port", "?dest_port=5432", row(), true],
    ["action", "?action=Deny", row(), false],
    ["reporter", "?reporter=Dst", row(), true],
    ["policy by name", "?policy=allow-db", row(), true],
    ["policy only staged", "?policy=lockdown", staged, true],
    ["policy that opened the tier that denied", "?policy=deny-egress", denied, true],
    ["would change", "?pending=differs", staged, true],
    ["would not change", "?pending=differs", row(), false],
    ["words anywhere", "?q=API+:5432", row(), true],
    ["a word that is not there", "?q=api+redis", row(), false],
    ["a word that must not be", "?q=-postgres+-api", row(), false],
    ["a lone dash says nothing", "?q=-", row(), true],
    ["labels", "?q=app%3Ddb", row(), true],
    ["a port word is the whole port", "?q=:543", row(), false],
    ["a port word finds the port of the pod", "?q=:8080", web, true],
    ["a port word finds the port of the service", "?q=:80", web, true],
    ["a port word is no other port's beginning", "?q=:80", row({ ...web, dest_service_port: 8000 }), false],
    ["a port word that must not be", "?q=-:80", web, false],
    ["a port word that must not be, and is not", "?q=-:80", row(), true],
    ["a service with its port", "?q=frontend:80", web, true],
    ["a service with another port", "?q=frontend:8", web, false],
    ["a trigger with its namespace", "?q=data/default-deny", defaultDeny, true],
    ["the reporter's word", "?q=destination", row(), true],
    ["the other reporter's word", "?q=source", row(), false],
    ["the source's word", "?q=source", row({ reporter: "Src" }), true],
    ["a pending change", "?q=would+deny", staged, true],
    ["the other pending change", "?q=would+deny", blocked, false],
    ["a pending change to allow", "?q=Would++Allow+api", blocked, true],
    ["a pending change that must not be", "?q=-would+deny", staged, false],
    ["half a pending change, being typed", "?q=would+de", staged, true],
    ["a policy after long labels", "?q=lockdown", { ...staged, source_labels: "x".repeat(3_000) }, true],
  ];
  for (const [name, address, given, expected] of cases) {
    test(name, () => assert.equal(filterMatcher(parseSearch(address).filter, now)(given), expected));
  }
  test("an empty filter made by hand matches", () => assert.ok(filterMatcher(emptyFilter(), now)(row())));

  const updated = Date.parse(row().updated_at);
  const ages = [
    ["updated a minute ago", staged, updated + 60_000, true],
    ["updated longer ago", staged, updated + 60_001, false],
    ["old, but its window still fills", { ...staged, live: true }, updated + 90_000, true],
    ["of any age when age does not matter", staged, -Infinity, true],
  ];
  for (const [name, given, nowMs, expected] of ages) {
    test(`would change, ${name}`, () => {
      assert.equal(isActive(given, nowMs), expected);
      assert.equal(filterMatcher(parseSearch("?pending=differs").filter, nowMs)(given), expected);
      assert.ok(filterMatcher(emptyFilter(), nowMs)(given), "it stays in the view of all");
    });
  }
});
