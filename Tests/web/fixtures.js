// SPDX-License-Identifier: Apache-2.0
// Values that several tests share.

/** @returns {import("../../Sources/Serving/WebBackend/web/api/types.js").Hit} */
export function hit(overrides = {}) {
  return {
    kind: "CalicoNetworkPolicy", name: "allow-db", namespace: "shop", tier: "default", action: "Allow",
    policy_index: 0, rule_index: 0, trigger: null, ...overrides,
  };
}

export const profileHit = (overrides = {}) => hit(
  { kind: "Profile", name: "kns.shop", namespace: "", tier: "", ...overrides }
);

export const endOfTier = (overrides = {}) => hit({
  kind: "EndOfTier", name: "", namespace: "", tier: "security", action: "Deny", rule_index: -1,
  trigger: hit(
    { kind: "GlobalNetworkPolicy", name: "deny-egress", namespace: "", tier: "security" }
  ), ...overrides,
});

/** One row of `flow` in window number `window` of 15 seconds. */
export function row({ flow = 1, window = 0, ...overrides } = {}) {
  const start = Date.UTC(2026, 0, 2, 3, 0, 0) + window * 15_000;
  return {
    id: `${flow}-${start / 1000}`, flow, live: false, start_time: new Date(start).toISOString(),
    end_time: new Date(
      start + 15_000
    ).toISOString(), updated_at: new Date(start + 5_000).toISOString(), action: "Allow",
    source_name: "api-*", source_namespace: "shop", source_type: "WorkloadEndpoint", source_labels: "app=api",
    dest_name: "db-0", dest_namespace: "shop", dest_type: "WorkloadEndpoint", dest_labels: "app=db",
    dest_service_name: "db", dest_service_namespace: "shop", dest_service_port_name: "postgres",
    dest_service_port: 5432,
    protocol: "tcp", dest_port: 5432, reporter: "Dst", policies: { enforced: [hit()], pending: [hit()] },
    packets_in: 3, packets_out: 2, bytes_in: 300, bytes_out: 200,
    connections_started: 1, connections_completed: 1,
    connections_live: 0, generation: 12, ...overrides,
  };
}
