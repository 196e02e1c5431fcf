// SPDX-License-Identifier: Apache-2.0

import { visibleText } from "./visible-text.js";

/** @type {Record<string, string>} */
const kindNames = {
  CalicoNetworkPolicy: "NetworkPolicy",
  GlobalNetworkPolicy: "GlobalNetworkPolicy",
  StagedNetworkPolicy: "StagedNetworkPolicy",
  StagedGlobalNetworkPolicy: "StagedGlobalNetworkPolicy",
  StagedKubernetesNetworkPolicy: "StagedKubernetesNetworkPolicy",
  NetworkPolicy: "Kubernetes NetworkPolicy",
  ClusterNetworkPolicy: "ClusterNetworkPolicy",
  Profile: "Profile",
  EndOfTier: "End of tier",
};

/**
 * The kind as people write it in a manifest; the one that two APIs share is told apart.
 * @param {string} kind
 */
export function kindName(kind) {
  return kindNames[kind] ?? visibleText(kind);
}

/** @param {string} kind */
export const isStagedKind = (kind) => kind.startsWith("Staged");

/**
 * @param {{ namespace: string, name: string }} policy
 * @returns {string} `shop/allow-db`, or `deny-egress` for a cluster-wide one
 */
export function qualifiedName({ namespace, name }) {
  const hasNamespace = namespace !== "" && namespace !== "-";
  return visibleText(hasNamespace ? `${namespace}/${name}` : name);
}

/**
 * @param {{ kind: string, namespace: string, name: string }} policy
 * @returns {string} `NetworkPolicy shop/allow-db`
 */
export function policyTitle(policy) {
  return `${kindName(policy.kind)} ${qualifiedName(policy)}`;
}

/**
 * @param {{ kind: string, namespace: string, name: string }} policy
 * @returns {string} the same for a hit and for the item of the policy list that it names
 */
export function policyKey({ kind, namespace, name }) {
  return `${kind}\n${namespace === "-" ? "" : namespace}\n${name}`;
}
