// SPDX-License-Identifier: Apache-2.0
// The shapes that the server sends. Names are those on the wire, so a value can be compared with the HTTP
// reference.

/** @typedef {"Allow" | "Deny" | "Pass"} Action */

/**
 * One step of a policy trace.
 * @typedef {object} Hit
 * @property {string} kind  CalicoNetworkPolicy, NetworkPolicy (the Kubernetes one), Profile, EndOfTier, …
 * @property {string} name  empty for EndOfTier
 * @property {string} namespace
 * @property {string} tier  empty for a Profile
 * @property {Action} action
 * @property {number} policy_index
 * @property {number} rule_index  -1 when no rule decided (EndOfTier)
 * @property {Hit | null} [trigger]  the policy that brought the flow into the tier (EndOfTier only)
 */

/** @typedef {{ enforced: Hit[], pending: Hit[] }} Traces */

/**
 * One flow key in one window of 15 seconds; counters are the totals of that window so far.
 * @typedef {object} Row
 * @property {string} id  key id and window start; a later row with the same id replaces this one
 * @property {number} flow  key id
 * @property {boolean} live  the window is still filling
 * @property {string} start_time
 * @property {string} end_time
 * @property {string} updated_at  last activity, RFC 3339 with milliseconds
 * @property {Action} action
 * @property {string} source_name
 * @property {string} source_namespace
 * @property {string} source_type
 * @property {string} source_labels
 * @property {string} dest_name
 * @property {string} dest_namespace
 * @property {string} dest_type
 * @property {string} dest_labels
 * @property {string} dest_service_name
 * @property {string} dest_service_namespace
 * @property {string} dest_service_port_name
 * @property {number} dest_service_port
 * @property {string} protocol
 * @property {number} dest_port
 * @property {string} reporter  Src or Dst
 * @property {Traces} policies
 * @property {number} packets_in
 * @property {number} packets_out
 * @property {number} bytes_in
 * @property {number} bytes_out
 * @property {number} connections_started
 * @property {number} connections_completed
 * @property {number} connections_live
 * @property {number} generation  of the rules that decided this flow
 */

/** @typedef {{ missed: number | null, reason: string }} Gap */

/** @typedef {{ name: string, kind: string, connected: boolean, last_event_at: string | null }} Source */
/** @typedef {{ name: string, count: number, help: string }} Loss */

/**
 * @typedef {object} PolicyError
 * @property {string} file
 * @property {number} line
 * @property {number} column
 * @property {string} resource
 * @property {string} field
 * @property {"error" | "warning"} severity
 * @property {string} message
 * @property {string} suggestion
 */

/** @typedef {{ name: string, step: number, steps: number, title: string, hint: string }} Scenario */

/**
 * @typedef {object} Status
 * @property {string} version
 * @property {string} mode
 * @property {boolean} simulated
 * @property {string} now
 * @property {number} generation
 * @property {number} connected_sources
 * @property {Source[]} sources
 * @property {number} flows_per_second
 * @property {number} flow_keys
 * @property {number} endpoints
 * @property {{ enforced: number, staged: number }} policies
 * @property {Loss[]} losses
 * @property {PolicyError[]} policy_errors
 * @property {Scenario | null} scenario
 */

/**
 * @typedef {object} PolicyItem
 * @property {string} kind  same names as Hit.kind
 * @property {string} namespace
 * @property {string} name
 * @property {string} tier
 * @property {number | null} order
 * @property {boolean} staged
 * @property {string} selector
 * @property {string} file
 * @property {number} line
 * @property {number} endpoints
 * @property {string[]} ingress  rule texts
 * @property {string[]} egress
 */

/** @typedef {{ generation: number, items: PolicyItem[] }} PolicyList */

/**
 * What a table shows in one line: one window of a flow, or a flow summed over the kept windows.
 * A new object is made whenever its content changes, so identity tells whether a line must be redrawn.
 * @typedef {object} TableItem
 * @property {string} key
 * @property {Row} row  the newest window
 * @property {number} startMs  start of the newest window, Unix milliseconds
 * @property {number} order  rises with each arrival; breaks ties inside one window
 * @property {number} windows  how many windows are summed
 * @property {number} packets
 * @property {number} bytes
 * @property {number[]} activity  packets per window, oldest first; empty in the windows view
 * @property {"" | "would deny" | "would allow"} change  what staged policies would change
 */

export {};
