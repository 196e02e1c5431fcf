// SPDX-License-Identifier: Apache-2.0

/** @typedef {import("../api/types.js").Hit} Hit */

/**
 * What a trace comes to: the action of its last step. Null when there is no trace, or it ends in Pass.
 * @param {Hit[] | null | undefined} trace
 * @returns {"Allow" | "Deny" | null}
 */
export function traceVerdict(trace) {
  const last = trace?.[trace.length - 1]?.action;
  return last === "Allow" || last === "Deny" ? last : null;
}

/**
 * What would change for this flow if staged policies were enforced. Empty when nothing would, or nobody
 * knows.
 * @param {{ action: string, policies?: { pending?: Hit[] | null } | null }} row
 * @returns {"" | "would deny" | "would allow"}
 */
export function pendingChange(row) {
  const verdict = traceVerdict(row.policies?.pending);
  if (verdict === null || verdict === row.action) return "";
  return verdict === "Deny" ? "would deny" : "would allow";
}

/**
 * Whether two steps say the same. The policy index is left out: it counts staged policies in one trace and
 * not in the other. So is the trigger of an end of tier: traces name different policies for the very same
 * decision.
 * @param {Hit | undefined} a
 * @param {Hit | undefined} b
 */
export function isSameStep(a, b) {
  if (!a || !b) return a === b;
  if (a.kind !== b.kind || a.tier !== b.tier || a.action !== b.action) return false;
  if (a.kind === "EndOfTier") return true;
  return a.namespace === b.namespace && a.name === b.name && a.rule_index === b.rule_index;
}

/**
 * The first step at which the traces part, or -1. May equal the length of the shorter trace.
 * @param {Hit[]} enforced
 * @param {Hit[]} pending
 */
export function firstDifference(enforced, pending) {
  const length = Math.max(enforced.length, pending.length);
  for (let step = 0; step < length; step += 1) if (!isSameStep(enforced[step], pending[step])) return step;
  return -1;
}
