// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { enforcedSummary, pendingSummary } from "../../Sources/Serving/WebBackend/web/model/trace-text.js";
import {
  firstDifference, pendingChange, traceVerdict,
} from "../../Sources/Serving/WebBackend/web/model/trace-verdict.js";
import { endOfTier, hit, profileHit } from "./fixtures.js";

const flow = (action, reporter, enforced, pending = enforced) => (
  { action, reporter, policies: { enforced, pending } }
);
const pass = hit(
  { kind: "GlobalNetworkPolicy", namespace: "", name: "deny-egress", tier: "security", action: "Pass" }
);

describe("what the enforced policies did, in words", () => {
  const cases = [
    [
      "a rule allows", flow("Allow", "Dst", [hit()]),
      "Allowed at the destination by NetworkPolicy shop/allow-db, rule 0.",
    ],
    ["a Kubernetes policy is told from Calico's", flow(
      "Allow", "Src", [hit({ kind: "NetworkPolicy", rule_index: 2 })],
    ),
      "Allowed at the source by Kubernetes NetworkPolicy shop/allow-db, rule 2."],
    ["a tier ends in Deny", flow("Deny", "Dst", [endOfTier()]),
      "Denied at the destination: policies of tier security apply to it, but none has a rule that matches, "
        + "so the tier's default, Deny, does (last policy: GlobalNetworkPolicy deny-egress)."],
    ["the end of a tier names no policy", flow("Deny", "Src", [endOfTier({ trigger: null })]),
      "Denied at the source: policies of tier security apply to it, but none has a rule that matches, "
        + "so the tier's default, Deny, does."],
    ["a tier ends in Pass", flow("Allow", "Src", [endOfTier({ action: "Pass" })]),
      "Allowed at the source: policies of tier security apply to it, but none has a rule that matches, "
        + "so the tier's default, Pass, does (last policy: GlobalNetworkPolicy deny-egress)."],
    [
      "no policy applies", flow("Allow", "Dst", [profileHit()]),
      "Allowed at the destination: no policy decides, and namespace shop allows what no policy decides.",
    ],
    [
      "tiers pass on to the profile", flow("Allow", "Dst", [pass, profileHit()]),
      "Allowed at the destination: no policy decides, and namespace shop allows what no policy decides.",
    ],
    [
      "another profile keeps its name",
      flow("Deny", "Src", [profileHit({ name: "ksa.a.b", action: "Deny" })]),
      "Denied at the source: no policy decides, and profile ksa.a.b denies what no policy decides.",
    ],
    ["no profile allows", flow("Deny", "Dst", [profileHit({ name: "__NO_MATCH__", action: "Deny" })]),
      "Denied at the destination: no policy decides, and no profile allows it."],
    [
      "there is no trace", flow("Deny", "Dst", []),
      "Denied at the destination. No policy trace came with this flow, so the reason is not known.",
    ],
    ["trace and verdict disagree", flow("Deny", "Dst", [hit()]),
      "Denied at the destination, although the trace ends in Allow: policies may have changed meanwhile."],
    ["a hostile name stays text and visible", flow("Allow", "Dst", [hit({ name: "a\u202eb" })]),
      "Allowed at the destination by NetworkPolicy shop/a⟨U+202E⟩b, rule 0."],
  ];
  for (const [name, given, expected] of cases) test(name, () =>
    assert.equal(enforcedSummary(given), expected));
});

describe("what staged policies would do, in words", () => {
  const staged = hit({ kind: "StagedNetworkPolicy", name: "lockdown", action: "Deny", rule_index: 1 });
  const cases = [
    ["nothing changes", flow("Allow", "Dst", [hit()]), "If staged policies were enforced: no change."],
    ["a staged rule denies", flow("Allow", "Dst", [hit()], [staged]),
      "If staged policies were enforced: denied by StagedNetworkPolicy shop/lockdown, rule 1."],
    ["the end of a staged tier denies", flow(
      "Allow", "Dst", [profileHit()], [endOfTier({ tier: "default", trigger: staged })],
    ),
      "If staged policies were enforced: denied: policies of tier default apply to it, but none has a rule "
        + "that matches, so the tier's default, Deny, does "
        + "(first policy: StagedNetworkPolicy shop/lockdown)."],
    ["a profile would allow", flow("Deny", "Src", [hit({ action: "Deny" })], [profileHit()]),
      "If staged policies were enforced: allowed: no policy decides, and namespace shop allows what no "
        + "policy decides."],
    ["another policy comes to the same", flow(
      "Allow", "Dst", [profileHit()], [hit({ kind: "StagedNetworkPolicy" })],
    ),
      "If staged policies were enforced: still allowed by StagedNetworkPolicy shop/allow-db, rule 0."],
    ["only the way there differs", flow("Allow", "Dst", [hit()], [pass, hit()]),
      "If staged policies were enforced: still allowed for the same reason, reached another way."],
    [
      "the pending trace is missing", flow("Allow", "Dst", [hit()], []),
      "What staged policies would do to this flow was not computed.",
    ],
    ["the pending trace never decides", flow("Allow", "Dst", [hit()], [pass]),
      "If staged policies were enforced: no policy would decide; the trace ends in Pass."],
  ];
  for (const [name, given, expected] of cases) test(name, () =>
    assert.equal(pendingSummary(given), expected));
});

describe("verdicts and differences", () => {
  const cases = [
    ["allowed now, denied by staged", flow("Allow", "Dst", [hit()], [hit({ action: "Deny" })]), "would deny"],
    ["denied now, allowed by staged", flow("Deny", "Dst", [endOfTier()], [hit()]), "would allow"],
    ["the same", flow("Deny", "Dst", [endOfTier()]), ""],
    ["not known", flow("Deny", "Dst", [endOfTier()], []), ""],
    ["null traces", { action: "Deny", policies: { enforced: null, pending: null } }, ""],
  ];
  for (const [name, given, expected] of cases) test(name, () => assert.equal(pendingChange(given), expected));

  test("a trace that ends in Pass has no verdict", () => assert.equal(traceVerdict([pass]), null));
  test("the first differing step is found", () =>
    assert.equal(firstDifference([pass, hit()], [pass, hit({ rule_index: 1 })]), 1));
  test("a longer trace differs after the shorter one", () =>
    assert.equal(firstDifference([pass], [pass, hit()]), 1));
  test("policy indices do not matter: they count staged policies in one trace only", () =>
    assert.equal(firstDifference([hit()], [hit({ policy_index: 4 })]), -1));
  test("triggers of an end of tier do not matter: the traces name different policies for one decision", () =>
    assert.equal(firstDifference([endOfTier()], [endOfTier({ trigger: hit() })]), -1));
});
