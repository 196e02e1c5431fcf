// SPDX-License-Identifier: Apache-2.0
// Traces in one sentence of plain words.

import { policyTitle, qualifiedName } from "./policy-name.js";
import { firstDifference, isSameStep, traceVerdict } from "./trace-verdict.js";
import { visibleText } from "./visible-text.js";

/** @typedef {import("../api/types.js").Hit} Hit */
/**
 * @typedef {{ action: string, reporter: string, policies: { enforced: Hit[], pending: Hit[] } }} TracedFlow
 */

/** @param {string} reporter @returns {string} */
export function whereDecided(reporter) {
  if (reporter === "Src") return " at the source";
  return reporter === "Dst" ? " at the destination" : "";
}

/**
 * What the enforced policies did to this flow, and why.
 * @param {TracedFlow} flow
 * @returns {string}
 */
export function enforcedSummary(flow) {
  const trace = flow.policies?.enforced ?? [];
  const where = whereDecided(flow.reporter);
  const word = { Allow: "Allowed", Deny: "Denied" }[flow.action] ?? visibleText(flow.action);
  const last = trace[trace.length - 1];
  if (!last) return `${word}${where}. No policy trace came with this flow, so the reason is not known.`;
  const verdict = traceVerdict(trace);
  if (verdict !== null && verdict !== flow.action) {
    return `${word}${where}, although the trace ends in ${last.action}: policies may have changed meanwhile.`;
  }
  if (last.kind === "Profile") return profileSentence(last, where, trace.length > 1);
  if (last.kind === "EndOfTier") return `${word}${where}: ${endOfTierReason(last, "last")}`;
  return `${word}${where} by ${policyTitle(last)}${ruleSuffix(last)}.`;
}

/**
 * What would happen if staged policies were enforced.
 * @param {TracedFlow} flow
 * @returns {string}
 */
export function pendingSummary(flow) {
  const pending = flow.policies?.pending ?? [];
  const enforced = flow.policies?.enforced ?? [];
  if (pending.length === 0) return "What staged policies would do to this flow was not computed.";
  const verdict = traceVerdict(pending);
  const last = pending[pending.length - 1];
  if (verdict === null) {
    return "If staged policies were enforced: no policy would decide; the trace ends in Pass.";
  }
  const isSameVerdict = verdict === flow.action;
  const isUnchanged = isSameVerdict && firstDifference(enforced, pending) < 0;
  if (isUnchanged) return "If staged policies were enforced: no change.";
  const word = verdict === "Deny" ? "denied" : "allowed";
  const still = isSameVerdict ? `still ${word}` : word;
  if (isSameVerdict && isSameStep(enforced[enforced.length - 1], last)) {
    return `If staged policies were enforced: ${still} for the same reason, reached another way.`;
  }
  if (last.kind === "Profile") {
    return `If staged policies were enforced: ${still}, by the profile ${visibleText(last.name)}.`;
  }
  if (last.kind === "EndOfTier") {
    return `If staged policies were enforced: ${still}: ${endOfTierReason(last, "first")}`;
  }
  return `If staged policies were enforced: ${still} by ${policyTitle(last)}${ruleSuffix(last)}.`;
}

/** @param {Hit} hit */
function ruleSuffix(hit) {
  return hit.rule_index >= 0 ? `, rule ${hit.rule_index}` : "";
}

/** @param {Hit} hit @param {string} where @param {boolean} isAfterTiers */
function profileSentence(hit, where, isAfterTiers) {
  const name = visibleText(hit.name);
  const opening = isAfterTiers ? "Every tier passes the flow on" : "No policy applies";
  if (hit.action === "Allow") return `${opening}; the profile ${name} allows.`;
  if (/^__/.test(hit.name)) return `Denied${where}: ${lowerFirst(opening)}, and no profile allows it.`;
  return `${opening}; the profile ${name} denies.`;
}

/**
 * Enforced traces name the last policy of the tier, pending traces the first.
 * @param {Hit} hit
 * @param {"first" | "last"} position
 */
export function endOfTierReason(hit, position) {
  const tier = `tier ${visibleText(hit.tier)} ends in ${hit.action}`;
  if (!hit.trigger) return `${tier}; no policy there has a rule for it.`;
  return `${tier}; the ${position} policy there, ${policyTitle(hit.trigger)}, has no rule for it.`;
}

/**
 * The text of an end of tier inside the ladder.
 * @param {Hit} hit
 */
export function endOfTierText(hit) {
  if (!hit.trigger) return `No policy of tier ${visibleText(hit.tier)} has a rule for it.`;
  return `No rule of ${qualifiedName(hit.trigger)} matched, nor of any other policy in the tier.`;
}

/** @param {string} text */
const lowerFirst = (text) => text.charAt(0).toLowerCase() + text.slice(1);
