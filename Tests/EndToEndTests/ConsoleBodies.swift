// SPDX-License-Identifier: Apache-2.0

/// A row of `/api/v1/flows/live`, as far as tests look at it. Names are the API's own.
struct FlowRow: Decodable, Sendable {
    let id: String
    let flow: Int
    let live: Bool
    let action: String
    let source_name: String
    let source_namespace: String
    let dest_name: String
    let dest_namespace: String
    let dest_service_name: String
    let `protocol`: String
    let dest_port: Int
    let reporter: String
    let policies: Traces
    let packets_in: Int
    let packets_out: Int
    let bytes_in: Int
    let bytes_out: Int
    let generation: Int
    let updated_at: String

    struct Traces: Decodable, Sendable {
        let enforced: [Hit]
        let pending: [Hit]
    }

    struct Hit: Decodable, Sendable {
        let kind: String
        let name: String
        let tier: String
        let action: String
        let rule_index: Int
    }

    /// `shop/catalog-* -> data/db-0:5432`
    var ends: String { "\(source_namespace)/\(source_name) -> \(dest_namespace)/\(dest_name):\(dest_port)" }
    var pendingAction: String? { policies.pending.last?.action }
    func names(_ policy: String) -> Bool { policies.enforced.contains { $0.name == policy } }
}

struct FlowRows: Decodable, Sendable {
    let rows: [FlowRow]
}

/// The list of `/whisker-backend/flows`.
struct WhiskerFlows: Decodable, Sendable {
    let items: [Item]

    struct Item: Decodable, Sendable {
        let action: String
        let source_name: String
        let dest_name: String
        let dest_port: Int
        let policies: FlowRow.Traces
    }
}

struct LabStatusBody: Decodable, Sendable {
    let simulated: Bool
    let generation: Int
    let flow_keys: Int
    let endpoints: Int
    let policy_errors: [Problem]
    let losses: [Loss]

    struct Problem: Decodable, Sendable {
        let file: String
        let line: Int
        let field: String
        let resource: String
        let severity: String
        let message: String
    }

    struct Loss: Decodable, Sendable {
        let name: String
        let count: Int
    }
}
