// SPDX-License-Identifier: Apache-2.0

import Harness
import KubernetesClient
import NetworkModel
import PolicyEngine
import PolicyModel

/// What must hold for every file of a directory of manifests, whatever its bytes.
enum ManifestsProperties {
    static func check(_ bytes: some Collection<UInt8>) {
        let bytes = Array(bytes)
        let lines = lineCount(bytes)
        checkDocuments(bytes, lines)
        checkStore(bytes, lines)
    }

    /// `\n`, `\r` and `\r\n` end a line.
    private static func lineCount(_ bytes: [UInt8]) -> Int {
        1
            + bytes.indices.count { index in
                bytes[index] == 0x0d
                    || bytes[index] == 0x0a && (index == 0 || bytes[index - 1] != 0x0d)
            }
    }

    private static func checkDocuments(_ bytes: [UInt8], _ lines: Int) {
        let decoder = ManifestDecoder(file: "a.yaml")
        for document in ManifestParser().documents(in: bytes) {
            switch document {
            case .failure(let error):
                require((1...lines).contains(error.line), "line \(error.line) of \(lines): \(error)")
                require(error.column >= 1, "column \(error.column): \(error)")
                require(!error.message.isEmpty, "no message in line \(error.line)")
            case .value(let value):
                for manifest in decoder.decode(value) { check(manifest, lines) }
            }
        }
    }

    private static func check(_ manifest: DecodedManifest, _ lines: Int) {
        check(manifest.diagnostics, lines)
        require((1...lines).contains(manifest.origin.line), "origin \(manifest.origin) of \(lines) lines")
        require(
            manifest.resource != nil || !manifest.diagnostics.isEmpty, "dropped in silence: \(manifest)")
        guard let resource = manifest.resource else { return }
        require(!manifest.isBroken, "used although broken: \(manifest)")
        require(manifest.key == resource.key, "two keys: \(manifest)")
        checkConversion(resource)
    }

    private static func check(_ diagnostics: [Diagnostic], _ lines: Int) {
        for diagnostic in diagnostics {
            if let line = diagnostic.location?.line {
                require((1...lines).contains(line), "line \(line) of \(lines): \(diagnostic)")
            }
            require(!diagnostic.message.isEmpty, "no message: \(diagnostic)")
            let text = diagnostic.description
            require(
                text.escapedForMessage == text, "not fit for a terminal: \(text.escapedForMessage)")
        }
    }

    /// Without an error nothing may keep a policy from being used, except that it says so itself.
    private static func checkConversion(_ resource: ClusterResource) {
        switch resource {
        case .policy(let policy):
            if case .calico(let calico) = policy.form, calico.stagedAction == .delete { return }
            if case .kubernetes(let staged) = policy.form, staged.stagedAction == .delete { return }
            require(policy.converted() != nil, "no error, but it cannot be used: \(policy)")
        case .profile(let profile):
            for direction in Direction.allCases {
                do {
                    _ = try profile.convertedRules(direction)
                } catch {
                    require(false, "no error, but it cannot be used: \(profile): \(error)")
                }
            }
        default: break
        }
    }

    private static func checkStore(_ bytes: [UInt8], _ lines: Int) {
        var store = ManifestStore()
        guard let first = store.apply([.content(path: "a.yaml", bytes: bytes)]) else {
            require(false, "the first update is missing")
            return
        }
        check(first.diagnostics, lines)
        if let again = store.apply([.content(path: "a.yaml", bytes: bytes)]) {
            require(again.changes.isEmpty, "the same file again changes \(again.changes)")
            require(
                first.diagnostics.contains { $0.severity == .error },
                "the same file again says something else: \(again.diagnostics)")
        }
        var state = ClusterState()
        state.apply(first.changes)
        checkCluster(state)
        let gone = store.apply([.removed(path: "a.yaml")])
        state.apply(gone?.changes ?? [])
        require(state == ClusterState(), "something stays of a file that is gone: \(state)")
    }

    /// What was read can be judged and compiled.
    private static func checkCluster(_ state: ClusterState) {
        for problem in state.problems() {
            require(
                problem.description.escapedForMessage == problem.description,
                "not fit for a terminal: \(problem.description.escapedForMessage)")
        }
        let snapshot = PolicySnapshot(state, generation: 1)
        let program = snapshot.program { $0.name }
        require(
            program.bindings.count <= state.pods.values.count, "more bindings than pods: \(program.bindings)")
    }
}
