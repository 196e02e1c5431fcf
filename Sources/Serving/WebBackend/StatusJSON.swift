// SPDX-License-Identifier: Apache-2.0

import FlowModel
import NetworkModel
import PolicyModel

extension JSONWriter {
    /// The answer of `/api/v1/status`, and the `status` message of live streams.
    mutating func status(_ status: StatusSnapshot) {
        beginObject()
        key("version")
        string(status.version)
        key("mode")
        string(status.mode)
        key("simulated")
        bool(status.isSimulated)
        key("now")
        time(status.now)
        key("generation")
        integer(status.generation)
        key("connected_sources")
        integer(status.sources.count(where: \.isConnected))
        list("sources", status.sources) { $0.source($1) }
        key("flows_per_second")
        number(status.flowsPerSecond)
        key("flow_keys")
        integer(status.flowKeys)
        key("endpoints")
        integer(status.endpoints)
        key("policies")
        beginObject()
        key("enforced")
        integer(status.enforcedPolicies)
        key("staged")
        integer(status.stagedPolicies)
        endObject()
        list("losses", status.losses) { $0.loss($1) }
        list("policy_errors", status.policyErrors) { $0.diagnostic($1) }
        key("scenario")
        if let scenario = status.scenario { self.scenario(scenario) } else { null() }
        endObject()
    }

    /// The answer of `/api/v1/policies`.
    mutating func policyListing(_ listing: PolicyListing) {
        beginObject()
        key("generation")
        integer(listing.generation)
        list("items", listing.items) { $0.policy($1) }
        endObject()
    }

    private mutating func list<Item>(
        _ name: StaticString, _ items: [Item], _ write: (inout JSONWriter, Item) -> Void
    ) {
        key(name)
        beginArray()
        for item in items { write(&self, item) }
        endArray()
    }

    private mutating func source(_ source: StatusSnapshot.Source) {
        beginObject()
        key("name")
        string(source.name)
        key("kind")
        string(source.kind)
        key("connected")
        bool(source.isConnected)
        key("last_event_at")
        if let time = source.lastEvent { self.time(time) } else { null() }
        endObject()
    }

    private mutating func loss(_ loss: EventLoss) {
        beginObject()
        key("name")
        string(loss.name)
        key("count")
        integer(loss.count)
        key("help")
        string(loss.help)
        endObject()
    }

    private mutating func diagnostic(_ diagnostic: Diagnostic) {
        beginObject()
        location(diagnostic.location)
        key("column")
        integer(diagnostic.location?.column ?? 0)
        key("resource")
        string(diagnostic.resource)
        key("field")
        string(diagnostic.field)
        key("severity")
        string(diagnostic.severity.rawValue)
        key("message")
        string(diagnostic.message)
        key("suggestion")
        string(diagnostic.suggestion)
        endObject()
    }

    private mutating func location(_ location: SourceLocation?) {
        key("file")
        string(location?.file ?? "")
        key("line")
        integer(location?.line ?? 0)
    }

    private mutating func scenario(_ scenario: StatusSnapshot.Scenario) {
        beginObject()
        key("name")
        string(scenario.name)
        key("step")
        integer(scenario.step)
        key("steps")
        integer(scenario.steps)
        key("title")
        string(scenario.title)
        key("hint")
        string(scenario.hint)
        endObject()
    }

    private mutating func policy(_ item: PolicyListing.Item) {
        beginObject()
        key("kind")
        string(FlowPolicyKind(item.id.kind).name)
        key("namespace")
        string(item.id.namespace)
        key("name")
        string(item.id.name)
        key("tier")
        string(item.tier)
        key("order")
        if let order = item.order { number(order) } else { null() }
        key("staged")
        bool(item.id.kind.isStaged)
        key("selector")
        string(item.selector)
        location(item.location)
        key("endpoints")
        integer(item.endpoints)
        list("ingress", item.ingress) { $0.string($1) }
        list("egress", item.egress) { $0.string($1) }
        endObject()
    }
}
