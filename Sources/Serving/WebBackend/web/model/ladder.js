// SPDX-License-Identifier: Apache-2.0
// A trace as a ladder: one rung for each tier that the flow went through, in order.

import { isStagedKind, kindName, policyKey, qualifiedName } from "./policy-name.js";
import { endOfTierText } from "./trace-text.js";
import { isSameStep } from "./trace-verdict.js";
import { visibleText } from "./visible-text.js";

/** @typedef {import("../api/types.js").Hit} Hit */
/** @typedef {import("../api/types.js").PolicyItem} PolicyItem */

/**
 * @typedef {object} Rung
 * @property {string} tier  "profile" for a profile, which belongs to no tier
 * @property {string} action
 * @property {string} kind  readable
 * @property {string} name  empty at the end of a tier
 * @property {string} rule  `rule 0`, or empty
 * @property {string} text  what the rule says, or why no rule did
 * @property {string} origin  `policies/shop.yaml:12`, or empty
 * @property {boolean} isStaged
 * @property {boolean} isLast
 * @property {boolean} differs  the first step at which the pending trace parts from the enforced one
 */

/**
 * @param {PolicyItem[]} items
 * @returns {Map<string, PolicyItem>}
 */
export function policyIndex(items) {
  return new Map(items.map((item) => [policyKey(item), item]));
}

/**
 * @param {Hit[]} trace
 * @param {string} reporter  Dst: the trace is about ingress; Src: about egress
 * @param {Map<string, PolicyItem>} policies
 * @param {number} difference  step to mark, or -1
 * @returns {Rung[]}
 */
export function ladder(trace, reporter, policies, difference) {
  return trace.map((hit, step) => {
    const policy = policies.get(policyKey(hit.trigger ?? hit));
    return {
      tier: hit.kind === "Profile" ? "profile" : visibleText(hit.tier),
      action: hit.action,
      kind: kindName(hit.kind),
      name: hit.kind === "EndOfTier" ? "" : qualifiedName(hit),
      rule: hit.rule_index >= 0 && hit.kind !== "Profile" ? `rule ${hit.rule_index}` : "",
      text: rungText(hit, reporter, policy),
      origin: policy?.file ? visibleText(`${policy.file}:${policy.line}`) : "",
      isStaged: isStagedKind((hit.trigger ?? hit).kind),
      isLast: step === trace.length - 1,
      differs: step === difference,
    };
  });
}

/**
 * The pending trace, with the enforced trace's triggers where a tier ends the same way in both: one decision
 * goes by one name.
 * @param {Hit[]} enforced
 * @param {Hit[]} pending
 * @returns {Hit[]}
 */
export function withTriggersOf(enforced, pending) {
  return pending.map((hit) => {
    const same = hit.kind === "EndOfTier" && enforced.find((step) => isSameStep(step, hit));
    return same && same.trigger ? { ...hit, trigger: same.trigger } : hit;
  });
}

/** @param {Hit} hit @param {string} reporter @param {PolicyItem | undefined} policy */
function rungText(hit, reporter, policy) {
  if (hit.kind === "EndOfTier") return endOfTierText(hit);
  if (hit.kind === "Profile") return "No policy decided; the namespace's default profile did.";
  const rules = reporter === "Src" ? policy?.egress : policy?.ingress;
  return visibleText(rules?.[hit.rule_index] ?? "");
}
