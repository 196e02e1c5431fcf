// SPDX-License-Identifier: Apache-2.0
// Traces in one sentence of plain words.

import { policyTitle, qualifiedName } from "./policy-name.js";
import { firstDifference, isSameStep, traceVerdict } from "./trace-verdict.js";
import { visibleText } from "./visible-text.js";

/** @typedef {import("../api/types.js").Hit} Hit */
/**
 * @typedef {{ action: string, reporter: string, policies: { enforced: Hit[], pending: Hit[] } }} TracedFlow
 */

/** @param {string} reporter */
export function reporterWord(reporter) {
  return reporter === "Src" ? "source" : reporter === "Dst" ? "destination" : "–";
}

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
  if (last.kind === "Profile") return `${word}${where}: ${profileReason(last)}`;
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
    return `If staged policies were enforced: ${still}: ${profileReason(last)}`;
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

/** @param {Hit} hit  a profile */
function profileReason(hit) {
  const opening = "no policy decides, and";
  if (hit.action !== "Allow" && /^__/.test(hit.name)) return `${opening} no profile allows it.`;
  const name = visibleText(hit.name);
  const owner = name.startsWith("kns.") ? `namespace ${name.slice(4)}` : `profile ${name}`;
  return `${opening} ${owner} ${hit.action === "Allow" ? "allows" : "denies"} what no policy decides.`;
}

/**
 * Enforced traces name the last policy of the tier, pending traces the first.
 * @param {Hit} hit
 * @param {"first" | "last"} position
 */
export function endOfTierReason(hit, position) {
  const policy = hit.trigger ? ` (${position} policy: ${policyTitle(hit.trigger)})` : "";
  return `policies of tier ${visibleText(hit.tier)} apply to it, but none has a rule that matches, `
    + `so the tier's default, ${hit.action}, does${policy}.`;
}

/**
 * The text of an end of tier inside the ladder.
 * @param {Hit} hit
 */
export function endOfTierText(hit) {
  if (!hit.trigger) return `No policy of tier ${visibleText(hit.tier)} has a rule for it.`;
  return `No rule of ${qualifiedName(hit.trigger)} matched, nor of any other policy in the tier.`;
}
