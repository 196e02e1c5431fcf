// SPDX-License-Identifier: Apache-2.0

public import PolicyModel

/// An object that differs between two worlds.
public struct ObjectChange: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable {
        case added
        case removed
        case changed
    }

    public let key: ResourceKey
    public let kind: Kind

    public init(key: ResourceKey, kind: Kind) {
        self.key = key
        self.kind = kind
    }

    /// Where an object was read from does not count.
    static func changes(from old: ClusterState, to new: ClusterState) -> [ObjectChange] {
        let (before, after) = (old.contents, new.contents)
        var result: [ObjectChange] = []
        for (key, value) in before where after[key] != value {
            result.append(ObjectChange(key: key, kind: after[key] == nil ? .removed : .changed))
        }
        for key in after.keys where before[key] == nil { result.append(ObjectChange(key: key, kind: .added)) }
        return result.sorted {
            $0.key.description.utf8.lexicographicallyPrecedes($1.key.description.utf8)
        }
    }
}

extension ClusterState {
    /// Every object by its key, without places in files.
    fileprivate var contents: [ResourceKey: ClusterResource] {
        var all: [ClusterResource] = namespaces.values.map { .namespace($0) }
        all += serviceAccounts.values.map { .serviceAccount($0) }
        all += pods.values.map { .pod($0) }
        all += services.values.map { .service($0) }
        all += endpointSlices.values.map { .endpointSlice($0) }
        all += networkSets.values.map { .networkSet($0) }
        all += hostEndpoints.values.map { .hostEndpoint($0) }
        all += profiles.values.map { .profile($0) }
        all += tiers.values.map { .tier($0) }
        all += policies.values.map { policy in
            var bare = policy
            bare.origin = nil
            bare.ruleLines = [:]
            return .policy(bare)
        }
        return Dictionary(all.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
    }
}
