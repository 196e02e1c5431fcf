// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { ladder, policyIndex, withTriggersOf } from "../../Sources/Serving/WebBackend/web/model/ladder.js";
import { endOfTier, hit, profileHit } from "./fixtures.js";

const item = (overrides) => ({
  kind: "CalicoNetworkPolicy", namespace: "shop", name: "allow-db", tier: "default", order: 1, staged: false,
  selector: "",
  file: "policies/shop.yaml", line: 31, endpoints: 1, ingress: [
    "Allow tcp from app == \"api\"",
  ], egress: ["Allow udp"], ...overrides,
});
const policies = policyIndex([item({}), item({ kind: "NetworkPolicy", file: "other.yaml" }),
  item(
    {
      kind: "GlobalNetworkPolicy", namespace: "", name: "deny-egress", file: "policies/security.yaml",
      line: 3,
    }
  )]);

test("the destination's rung shows the ingress rule, with file and line", () => {
  const [rung] = ladder([hit()], "Dst", policies, -1);
  assert.equal(rung.text, "Allow tcp from app == \"api\"");
  assert.equal(rung.origin, "policies/shop.yaml:31");
  assert.equal(rung.rule, "rule 0");
});

test("the source's rung shows the egress rule", () =>
  assert.equal(ladder([hit()], "Src", policies, -1)[0].text, "Allow udp"));

test("an end of tier names the policy that brought the flow there, and its file", () => {
  const [rung] = ladder([endOfTier()], "Dst", policies, -1);
  assert.equal(rung.kind, "End of tier");
  assert.equal(rung.text, "No rule of deny-egress matched, nor of any other policy in the tier.");
  assert.equal(rung.origin, "policies/security.yaml:3");
  assert.equal(rung.rule, "");
});

test("a profile belongs to no tier", () =>
  assert.equal(ladder([profileHit()], "Dst", policies, -1)[0].tier, "profile"));

test("a policy that is not in the list has no text and no origin", () => {
  const [rung] = ladder([hit({ name: "gone" })], "Dst", policies, -1);
  assert.deepEqual([rung.text, rung.origin], ["", ""]);
});

test("only the step asked for is marked, and only the last is last", () => {
  const rungs = ladder([hit(), hit(), hit()], "Dst", policies, 1);
  assert.deepEqual(rungs.map((rung) => rung.differs), [false, true, false]);
  assert.deepEqual(rungs.map((rung) => rung.isLast), [false, false, true]);
});

test("an end of tier is staged when a staged policy opened the tier", () => {
  const trigger = hit({ kind: "StagedNetworkPolicy" });
  assert.equal(ladder([endOfTier({ trigger })], "Dst", policies, -1)[0].isStaged, true);
});

test("a tier that ends the same way in both traces goes by the enforced trigger", () => {
  const staged = endOfTier({ trigger: hit({ kind: "StagedNetworkPolicy", name: "first" }) });
  const [extra, shared] = withTriggersOf([endOfTier()], [hit({ tier: "other", action: "Pass" }), staged]);
  assert.equal(shared.trigger.name, "deny-egress");
  assert.equal(extra.name, "allow-db");
});

test("a tier that ends another way keeps its own trigger", () => {
  const staged = endOfTier({ action: "Pass", trigger: hit({ name: "first" }) });
  assert.equal(withTriggersOf([endOfTier()], [staged])[0].trigger.name, "first");
});
