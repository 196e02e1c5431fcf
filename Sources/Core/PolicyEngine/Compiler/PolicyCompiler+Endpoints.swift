// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyModel

extension PolicyCompiler {
    mutating func updateWorkload(_ name: ResourceName) {
        let pod = tables.state.pods[name]
        let endpoint = pod.flatMap { WorkloadEndpoint($0) { inheritedLabels(ofProfile: $0) } }
        let old = workloads[name]
        let labelSet = endpoint.map { retainLabelSet($0.labels) }
        var oldClass: Int32 = -1
        if let old, let entry = tables.endpoints.workloads[Int(old)] {
            oldClass = tables.endpoints.classOf[Int(old)]
            tables.endpoints.removeWorkload(Int(old))
            releaseLabelSet(entry.labelSet)
            if endpoint == nil { workloads.remove(name) }
        }
        if let endpoint, let labelSet {
            let number = workloads.insert(name)
            tables.endpoints.insert(EndpointEntry(endpoint, labelSet: labelSet), at: Int(number))
            assignClass(policiesSelecting(labelSet: labelSet), to: Int(number))
        }
        if oldClass >= 0 { releaseClass(oldClass) }
    }

    mutating func updateHost(_ name: String) {
        let endpoint = tables.state.hostEndpoints[name].map { HostEndpoint($0, in: tables.state) }
        let labelSet = endpoint.map { retainLabelSet($0.labels) }
        let profiles = (endpoint?.resource.profiles ?? []).map { retainProfile($0) }
        if let old = hosts[name], let entry = tables.endpoints.hosts[Int(old)] {
            for profile in entry.profiles { releaseProfile(profile) }
            tables.endpoints.removeHost(Int(old))
            releaseLabelSet(entry.labelSet)
            if endpoint == nil { hosts.remove(name) }
        }
        guard let endpoint, let labelSet else { return }
        tables.endpoints.insert(
            HostEntry(endpoint, labelSet: labelSet, profiles: profiles), at: Int(hosts.insert(name)))
    }

    mutating func updateNetworkSet(_ name: ResourceName) {
        let resource = tables.state.networkSets[name]
        let labelSet = resource.map { retainLabelSet($0.effectiveLabels(in: tables.state)) }
        if let old = networkSets[name], let entry = tables.endpoints.networkSets[Int(old)] {
            tables.endpoints.removeNetworkSet(Int(old))
            releaseLabelSet(entry.labelSet)
            if resource == nil { networkSets.remove(name) }
        }
        guard let resource, let labelSet else { return }
        tables.endpoints.insert(
            NetworkSetEntry(resource, labelSet: labelSet), at: Int(networkSets.insert(name)))
    }

    mutating func noteSlice(_ change: ClusterChange) {
        switch change {
        case .set(.endpointSlice(let slice)):
            if let old = tables.state.endpointSlices[slice.name] { slices[old.service]?.remove(slice.name) }
            slices[slice.service, default: []].insert(slice.name)
        case .remove(.endpointSlice(let name)):
            if let old = tables.state.endpointSlices[name] { slices[old.service]?.remove(name) }
        default: break
        }
    }

    mutating func updateService(_ name: ResourceName) {
        let parts = (slices[name] ?? []).compactMap { tables.state.endpointSlices[$0] }
        guard !parts.isEmpty else {
            slices[name] = nil
            tables.services[name] = nil
            return
        }
        var content = ServiceContent()
        for slice in parts {
            content.addresses.formUnion(slice.addresses)
            for address in slice.addresses {
                for port in slice.ports {
                    content.places.insert(
                        AddressPort(address: address, transport: port.transport, port: port.port))
                }
            }
        }
        tables.services[name] = content
    }
}
