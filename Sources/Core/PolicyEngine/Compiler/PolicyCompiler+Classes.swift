// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyModel

extension PolicyCompiler {
    mutating func updateProfile(_ name: String) {
        inherited[name] = nil
        guard let number = profiles[name] else { return }
        let old = tables.profiles[Int(number)]
        tables.profiles[Int(number)] = compileProfile(name)
        release(old?.sets ?? [])
    }

    mutating func retainProfile(_ name: String) -> Int32 {
        let number = profiles.insert(name)
        while tables.profiles.count <= Int(number) {
            tables.profiles.append(nil)
            profileUses.append(0)
        }
        if profileUses[Int(number)] == 0 { tables.profiles[Int(number)] = compileProfile(name) }
        profileUses[Int(number)] += 1
        return number
    }

    mutating func releaseProfile(_ number: Int32) {
        profileUses[Int(number)] -= 1
        guard profileUses[Int(number)] == 0, let profile = tables.profiles[Int(number)] else { return }
        release(profile.sets)
        profiles.remove(profile.name)
        inherited[profile.name] = nil
        tables.profiles[Int(number)] = nil
    }

    /// A namespace's profile allows everything, an account's has no rules, an unknown one denies (1.10).
    mutating func compileProfile(_ name: String) -> CompiledProfile {
        if let profile = tables.state.profiles[name] {
            retained = []
            // Validation has refused profiles with selectors that cannot be parsed.
            let ingress = ((try? profile.convertedRules(.ingress)) ?? []).compiled(into: &self)
            let egress = ((try? profile.convertedRules(.egress)) ?? []).compiled(into: &self)
            return CompiledProfile(name: name, ingress: ingress, egress: egress, sets: retained)
        }
        if tables.state.isAccountProfile(name) { return CompiledProfile(name: name, ingress: [], egress: []) }
        let action = tables.state.isNamespaceProfile(name) ? RuleAction.allow : .deny
        let rules = [EnforcementRule(index: 0, action: action, match: RuleMatch())]
        return CompiledProfile(name: name, ingress: rules, egress: rules)
    }

    /// Classes that a changed policy is in are made anew, and workloads that one selects or selected are sorted
    /// into classes again.
    mutating func updateClasses(_ stale: StaleClasses) {
        guard stale.everything || !stale.policies.isEmpty else { return }
        var isStale = [Bool](repeating: stale.everything, count: tables.classes.count)
        for (number, entry) in tables.classes.enumerated() {
            guard let entry else { continue }
            if !isStale[number] {
                isStale[number] = entry.key.policies.contains(where: stale.policies.contains)
            }
            // The old class keeps its number until nobody is in it, but its key may be another's now.
            if isStale[number] { classes.remove(entry.key, keepingNumber: true) }
        }
        var policiesOfLabelSet: [Int: [Int32]] = [:]
        for number in tables.endpoints.workloads.indices {
            guard let entry = tables.endpoints.workloads[number] else { continue }
            let old = Int(tables.endpoints.classOf[number])
            guard isStale[old] || stale.labelSets.contains(entry.labelSet) else { continue }
            let selecting = policiesOfLabelSet[entry.labelSet] ?? policiesSelecting(labelSet: entry.labelSet)
            policiesOfLabelSet[entry.labelSet] = selecting
            assignClass(selecting, to: number)
        }
    }

    /// Policies that govern workloads with these labels, in order of evaluation.
    func policiesSelecting(labelSet: Int) -> [Int32] {
        var selecting: [Int32] = []
        tables.matching.forEach(in: labelSet) { set in
            for policy in policiesOfSubject[set]
            where tables.policies[Int(policy)]?.policy.appliesToWorkloads ?? false {
                selecting.append(policy)
            }
        }
        selecting.sort { rank[Int($0)] < rank[Int($1)] }
        return selecting
    }

    mutating func assignClass(_ selecting: [Int32], to workload: Int) {
        guard let entry = tables.endpoints.workloads[workload] else { return }
        let old = tables.endpoints.classOf[workload]
        let profiles = entry.endpoint.profiles.map { retainProfile($0) }
        let key = EndpointClassKey(policies: selecting, profiles: profiles)
        let isNew = classes[key] == nil
        let number = classes.insert(key)
        while tables.classes.count <= Int(number) {
            tables.classes.append(nil)
            classUses.append(0)
        }
        if isNew { tables.classes[Int(number)] = tables.walk(for: key) }
        classUses[Int(number)] += 1
        tables.endpoints.classOf[workload] = number
        // One reference per class member, so that profiles and classes go when the last one does.
        if old >= 0 { releaseClass(old) }
    }

    mutating func releaseClass(_ number: Int32) {
        guard let entry = tables.classes[Int(number)] else { return }
        for profile in entry.key.profiles { releaseProfile(profile) }
        classUses[Int(number)] -= 1
        guard classUses[Int(number)] == 0 else { return }
        if classes[entry.key] == number {
            classes.remove(entry.key)
        } else {
            classes.free(number)
        }
        tables.classes[Int(number)] = nil
    }
}
