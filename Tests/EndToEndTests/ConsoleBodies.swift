// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Reads JSON of the console, whose names are in snake case.
enum ConsoleBody {
    static func decode<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(type, from: Data(text.utf8))
    }
}

/// A row of `/api/v1/flows/live`, as far as tests look at it.
struct FlowRow: Decodable, Sendable {
    let id: String
    let flow: Int
    let live: Bool
    let action: String
    let sourceName: String
    let sourceNamespace: String
    let destName: String
    let destNamespace: String
    let destServiceName: String
    let `protocol`: String
    let destPort: Int
    let reporter: String
    let policies: Traces
    let packetsIn: Int
    let packetsOut: Int
    let bytesIn: Int
    let bytesOut: Int
    let generation: Int
    let updatedAt: String

    struct Traces: Decodable, Sendable {
        let enforced: [Hit]
        let pending: [Hit]
    }

    struct Hit: Decodable, Sendable {
        let kind: String
        let name: String
        let tier: String
        let action: String
        let ruleIndex: Int
    }

    /// `shop/catalog-* -> data/db-0:5432`
    var ends: String { "\(sourceNamespace)/\(sourceName) -> \(destNamespace)/\(destName):\(destPort)" }
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
        let sourceName: String
        let destName: String
        let destPort: Int
        let policies: FlowRow.Traces
    }
}

struct LabStatusBody: Decodable, Sendable {
    let simulated: Bool
    let generation: Int
    let flowKeys: Int
    let endpoints: Int
    let policyErrors: [Problem]
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
