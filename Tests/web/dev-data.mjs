// SPDX-License-Identifier: Apache-2.0
// A made-up shop for the development server: policies, flow keys with their traces, and names as hostile as
// they come.

/**
 * @param {number} seed
 * @returns {() => number} numbers from 0 to 1, the same for the same seed (mulberry32)
 */
export function randomSource(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export const hostileNames = [
  "<img src=x onerror=document.title='owned'>",
  "</div><script>document.title='owned'</script>",
  "\u202Egnp.exe\u202C",
  "zero\u200Bwidth\u0000and\u001b[31mred",
  `"><svg onload=document.title='owned'>`,
  "javascript:alert(1)//" + "x".repeat(400),
];

const policy = (kind, namespace, name, tier, order, file, line, extra = {}) => ({
  kind, namespace, name, tier, order, staged: kind.startsWith("Staged"), selector: "all()", file, line,
  endpoints: 4,
  ingress: [], egress: [], ...extra,
});

export const policies = [
  policy("GlobalNetworkPolicy", "", "deny-egress", "security", 10, "policies/security.yaml", 3, {
    egress: ["Pass to projectcalico.org/name in {\"shop\", \"payments\", \"kube-system\"}"],
    ingress: ["Pass from all()"] }),
  policy("StagedGlobalNetworkPolicy", "", "quarantine", "security", 5, "policies/risk.yaml", 1, {
    ingress: ["Deny from team == \"contractors\""] }),
  policy("CalicoNetworkPolicy", "shop", "allow-web", "default", 100, "policies/shop.yaml", 4, {
    selector: "app == \"web\"", ingress: [
      "Allow tcp to ports 8080 from all()", "Allow tcp to ports 9100 from app == \"prometheus\"",
    ],
    egress: ["Allow tcp to ports 8000 to app == \"api\"", "Allow udp to ports 53"] }),
  policy("CalicoNetworkPolicy", "shop", "allow-db", "default", 100, "policies/shop.yaml", 31, {
    selector: "app == \"db\"", ingress: ["Allow tcp to ports 5432 from app == \"api\""] }),
  policy("CalicoNetworkPolicy", "shop", "allow-api", "default", 100, "policies/shop.yaml", 52, {
    selector: "app == \"api\"", ingress: [
      "Allow tcp to ports 8000 from app == \"web\"",
    ], egress: ["Allow"] }),
  policy("StagedNetworkPolicy", "shop", "api-least-privilege", "default", 90, "policies/staged/api.yaml", 1, {
    selector: "app == \"api\"", egress: [
      "Allow tcp to ports 5432 to app == \"db\"", "Allow udp to ports 53", "Deny",
    ] }),
  policy("NetworkPolicy", "payments", "default-deny", "default", 1000, "policies/payments.yaml", 1, {}),
  policy("NetworkPolicy", "payments", "allow-from-shop", "default", 1000, "policies/payments.yaml", 12, {
    ingress: ["Allow tcp to ports 8443 from app == \"api\" in namespace shop"] }),
  policy("StagedKubernetesNetworkPolicy", "payments", "allow-audit", "default", 999, "policies/pay.yaml", 1, {
    ingress: ["Allow tcp to ports 8443 from app == \"audit\""] }),
];

const hit = (kind, namespace, name, tier, action, ruleIndex = 0, trigger = null) =>
  ({ kind, namespace, name, tier, action, policy_index: 0, rule_index: ruleIndex, trigger });
const endOfTier = (tier, action, kind, namespace, name) =>
  hit("EndOfTier", "", "", tier, action, -1, { ...hit(kind, namespace, name, tier, "Pass"), rule_index: 0 });
const profile = (namespace) => hit("Profile", "", `kns.${namespace}`, "", "Allow");
const securityPass = hit("GlobalNetworkPolicy", "", "deny-egress", "security", "Pass", 0);
const numbered = (trace) => trace.map((step, index) => ({ ...step, policy_index: index }));

const workload = (namespace, name, app) => (
  { namespace, name, type: "WorkloadEndpoint", labels: `app=${app} | pod-template-hash=6f9c` }
);
const people = {
  web: workload("shop", "web-6f9c7d5b4-*", "web"),
  api: workload("shop", "api-5d4bb8c6f-*", "api"),
  db: workload("shop", "db-0", "db"),
  cache: workload("shop", "cache-7c9f-*", "cache"),
  pay: workload("payments", "gateway-84d9-*", "gateway"),
  audit: workload("payments", "audit-59fd-*", "audit"),
  prom: workload("monitoring", "prometheus-0", "prometheus"),
  dns: workload("kube-system", "coredns-787d4945fb-*", "kube-dns"),
  batch: workload("reports", "nightly-*", "batch"),
  world: { namespace: "-", name: "PUBLIC NETWORK", type: "Network", labels: "" },
  office: { namespace: "-", name: "PRIVATE NETWORK", type: "Network", labels: "" },
  feed: { namespace: "-", name: "partner-feeds", type: "NetworkSet", labels: "role=feed" },
  node: { namespace: "-", name: "worker-2", type: "HostEndpoint", labels: "node-role=worker" },
};

const service = (namespace, name, port, portName) => ({ namespace, name, port, portName });
const services = {
  web: service("shop", "web", 80, "http"), api: service("shop", "api", 80, "http"), db: service(
    "shop", "db", 5432, "postgres",
  ),
  dns: service("kube-system", "kube-dns", 53, "dns"), pay: service("payments", "gateway", 443, "https"),
};

const shopTrace = (name, rule) => [
  securityPass, hit("CalicoNetworkPolicy", "shop", name, "default", "Allow", rule),
];
const egressDeny = [endOfTier("security", "Deny", "GlobalNetworkPolicy", "", "deny-egress")];
const payDeny = [securityPass, endOfTier("default", "Deny", "NetworkPolicy", "payments", "default-deny")];

/** weight, source, destination, protocol, port, reporter, action, enforced, pending, service */
const table = [
  [9, "world", "web", "tcp", 8080, "Dst", "Allow", shopTrace("allow-web", 0), null, "web"],
  [9, "web", "api", "tcp", 8000, "Src", "Allow", shopTrace("allow-web", 0), null, "api"],
  [9, "web", "api", "tcp", 8000, "Dst", "Allow", shopTrace("allow-api", 0), null, "api"],
  [8, "api", "db", "tcp", 5432, "Src", "Allow", shopTrace("allow-api", 0),
    [securityPass, hit("StagedNetworkPolicy", "shop", "api-least-privilege", "default", "Allow", 0)], "db"],
  [8, "api", "db", "tcp", 5432, "Dst", "Allow", shopTrace("allow-db", 0), null, "db"],
  [
    3, "web", "db", "tcp", 5432, "Dst", "Deny",
    [securityPass, endOfTier("default", "Deny", "CalicoNetworkPolicy", "shop", "allow-db")], null, "db",
  ],
  [5, "api", "cache", "tcp", 6379, "Src", "Allow", shopTrace("allow-api", 0),
    [securityPass, hit("StagedNetworkPolicy", "shop", "api-least-privilege", "default", "Deny", 2)], null],
  [5, "api", "cache", "tcp", 6379, "Dst", "Allow", [securityPass, profile("shop")], null, null],
  [4, "api", "pay", "tcp", 8443, "Src", "Allow", shopTrace("allow-api", 0),
    [securityPass, hit("StagedNetworkPolicy", "shop", "api-least-privilege", "default", "Deny", 2)], "pay"],
  [
    4, "api", "pay", "tcp", 8443, "Dst", "Allow",
    [securityPass, hit("NetworkPolicy", "payments", "allow-from-shop", "default", "Allow", 0)], null, "pay",
  ],
  [2, "audit", "pay", "tcp", 8443, "Dst", "Deny", payDeny,
    [
      securityPass, hit("StagedKubernetesNetworkPolicy", "payments", "allow-audit", "default", "Allow", 0),
    ], "pay"],
  [2, "batch", "pay", "tcp", 8443, "Dst", "Deny", payDeny, null, "pay"],
  [2, "batch", "world", "tcp", 443, "Src", "Deny", egressDeny, null, null],
  [1, "cache", "feed", "tcp", 443, "Src", "Deny", egressDeny, null, null],
  [6, "prom", "web", "tcp", 9100, "Dst", "Allow", shopTrace("allow-web", 1), null, null],
  [
    6, "prom", "api", "tcp", 9100, "Dst", "Deny",
    [securityPass, endOfTier("default", "Deny", "CalicoNetworkPolicy", "shop", "allow-api")], null, null,
  ],
  [5, "prom", "dns", "tcp", 9153, "Dst", "Allow", [profile("kube-system")], null, null],
  [7, "api", "dns", "udp", 53, "Src", "Allow", shopTrace("allow-api", 0),
    [securityPass, hit("StagedNetworkPolicy", "shop", "api-least-privilege", "default", "Allow", 1)], "dns"],
  [7, "web", "dns", "udp", 53, "Src", "Allow", shopTrace("allow-web", 1), null, "dns"],
  [7, "web", "dns", "udp", 53, "Dst", "Allow", [profile("kube-system")], null, "dns"],
  [3, "office", "web", "tcp", 8080, "Dst", "Allow", shopTrace("allow-web", 0),
    [hit("StagedGlobalNetworkPolicy", "", "quarantine", "security", "Deny", 0)], "web"],
  [
    2, "node", "api", "icmp", 0, "Dst", "Deny",
    [securityPass, endOfTier("default", "Deny", "CalicoNetworkPolicy", "shop", "allow-api")], null, null,
  ],
];

/**
 * @param {{ isHostile?: boolean }} options
 * @returns {{ weight: number, identity: object }[]} flow keys; `identity` holds the fields of a row that
 * never change
 */
export function flowKeys({ isHostile = false } = {}) {
  const hostile = isHostile ? hostileNames.map((name) => [3, workload(
    name, name, name,
  ), people.web, "tcp", 8080, "Dst", "Allow",
    [hit("CalicoNetworkPolicy", name, name, name, "Allow")], null, null]) : [];
  return [...table, ...hostile].map((
    [weight, from, to, protocol, port, reporter, action, enforced, pending, via], index,
  ) => {
    const source = typeof from === "string" ? people[from] : from;
    const dest = typeof to === "string" ? people[to] : to;
    return {
      weight,
      identity: identity(
        index + 1, source, dest, { protocol, port, reporter, action }, enforced, pending, services[via],
      ),
    };
  });
}

function identity(flow, source, dest, { protocol, port, reporter, action }, enforced, pending, via) {
  return {
    flow, action, protocol, dest_port: port, reporter,
    source_name: source.name, source_namespace: source.namespace, source_type: source.type,
    source_labels: source.labels,
    dest_name: dest.name, dest_namespace: dest.namespace, dest_type: dest.type, dest_labels: dest.labels,
    dest_service_name: via?.name ?? "-", dest_service_namespace: via?.namespace ?? "-",
    dest_service_port_name: via?.portName ?? "-", dest_service_port: via?.port ?? 0,
    policies: { enforced: numbered(enforced), pending: numbered(pending ?? enforced) },
  };
}

export const policyErrors = [
  {
    file: "policies/shop.yaml", line: 71, column: 9, resource: "NetworkPolicy shop/allow-metrics",
    field: "spec.ingress[0].action", severity: "error",
    message: "“allow” is not an action; the policy is not in use.",
    suggestion: "write Allow, with a capital A",
  },
  {
    file: "policies/staged/api.yaml", line: 14, column: 5,
    resource: "StagedNetworkPolicy shop/api-least-privilege",
    field: "spec.egress[2]", severity: "warning", message: "Rules after this one are never reached.",
    suggestion: "leave the rule out; the tier ends in Deny already",
  },
];
