// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyModel

/// What a batch of changes concerns.
struct CompilerWork {
    var profiles: Set<String> = []
    var pods: Set<ResourceName> = []
    var hosts: Set<String> = []
    var networkSets: Set<ResourceName> = []
    var policies: Set<PolicyID> = []
    var services: Set<ResourceName> = []
    var tiersChanged = false

    /// False when nothing changes: a source that lists its objects anew costs little.
    mutating func note(_ change: ClusterChange, before state: ClusterState) -> Bool {
        let key: ResourceKey
        switch change {
        case .set(let resource):
            key = resource.key
            if state[key] == resource { return false }
        case .remove(let removed):
            key = removed
            if state[key] == nil { return false }
        }
        switch key {
        case .namespace(let name):
            profiles.insert(NamespaceResource(name: name).profileName)
            for set in state.networkSets.keys where set.namespace == name { networkSets.insert(set) }
        case .serviceAccount(let name): profiles.insert(ServiceAccountResource(name: name).profileName)
        case .pod(let name): pods.insert(name)
        case .service: break
        case .endpointSlice(let name):
            if let old = state.endpointSlices[name] { services.insert(old.service) }
            if case .set(.endpointSlice(let slice)) = change { services.insert(slice.service) }
        case .networkSet(let name): networkSets.insert(name)
        case .hostEndpoint(let name): hosts.insert(name)
        case .profile(let name): profiles.insert(name)
        case .tier: tiersChanged = true
        case .policy(let id): policies.insert(id)
        }
        return true
    }
}

/// Classes and label sets that must be looked at again after policies changed.
struct StaleClasses {
    var everything: Bool
    var policies: Set<Int32> = []
    var labelSets: Set<Int> = []

    init(everything: Bool) { self.everything = everything }
}

extension EndpointSliceResource {
    var service: ResourceName { ResourceName(namespace: name.namespace, name: serviceName) }
}
