// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyAnalysis
import PolicyEngine
import PolicyModel
import TestSupport
import Testing

@Suite("Reachability matrix")
struct ReachabilityMatrixTests {
    @Test("is what single evaluations say of every pair", arguments: UInt64(100)..<112)
    func bruteForce(seed: UInt64) throws {
        let snapshot = PolicySnapshot(RandomWorld(seed: seed, policies: 10, pods: 5).state, generation: 1)
        let matrix = try ReachabilityMatrix(snapshot)
        var random = SplitMix64(seed: seed)
        for source in Probes.addresses(snapshot) {
            let rows = matrix.sources.indices.filter { matrix.sources[$0].contains(source) }
            try #require(rows.count == 1, "\(source) is in one group")
            for destination in Probes.addresses(snapshot) where destination.family == source.family {
                guard (snapshot.endpoint(at: source) ?? snapshot.endpoint(at: destination)) != nil
                else { continue }
                let column = try #require(
                    matrix.destinations.firstIndex { $0.contains(destination) }, "\(destination)")
                let cell = matrix.cell(rows[0], column)
                for tuple in Probes.sample(source, destination, &random) {
                    let expected = SingleVerdict(snapshot, tuple, staged: false).isAllowed
                    guard cell.contains(tuple) == expected else {
                        Issue.record("seed \(seed): \(tuple) should be \(expected): \(cell.text)")
                        return
                    }
                }
            }
        }
    }

    private func shop(_ policies: [CalicoPolicy] = []) -> PolicySnapshot {
        var resources: [ClusterResource] = [
            .namespace(NamespaceResource(name: "shop")), .namespace(NamespaceResource(name: "blog")),
            .networkSet(
                NetworkSetResource(
                    name: ResourceName(name: "partners"), labels: ["kind": "partner"],
                    nets: [Build.block("203.0.113.0/24"), Build.block("2001:db8::/32")])),
        ]
        resources += [
            Build.pod("shop/web-1", "10.0.0.1", ["app": "web", "zone": "a"]),
            Build.pod("shop/web-2", "10.0.0.2", ["app": "web", "zone": "b"]),
            Build.pod("shop/db", "10.0.0.3", ["app": "db"]),
            Build.pod("blog/web", "10.0.1.1", ["app": "web"]),
        ]
        resources += policies.map { .policy(PolicyResource($0)) }
        return PolicySnapshot(ClusterState(resources), generation: 1)
    }

    private var database: CalicoPolicy {
        var policy = Build.policy("shop/db", selector: "app == 'db'", types: [.ingress])
        policy.ingress = [Build.rule(.allow, .tcp, from: "app == 'web'", ports: [5432])]
        return policy
    }

    @Test("groups what no rule tells apart, and names the labels that the members have in common")
    func grouping() throws {
        let matrix = try ReachabilityMatrix(shop([database]))
        #expect(
            matrix.sources.map(\.summary) == [
                "blog/web", "shop/db", "2 pods of shop with app=web",
                "network set partners, the rest of the internet",
            ])
        let web = try #require(matrix.sources.firstIndex { $0.workloads.count == 2 })
        let data = try #require(matrix.sources.firstIndex { $0.summary == "shop/db" })
        #expect(matrix.cell(web, data).text == "tcp/5432")
        #expect(matrix.cell(0, data).text == "nothing")
        #expect(matrix.cell(data, web).text == "all traffic")
        #expect(matrix.sources[web].commonLabels == ["app": "web"])
    }

    @Test("without policies there is one group of pods and one outside")
    func noPolicies() throws {
        let matrix = try ReachabilityMatrix(shop())
        #expect(matrix.sources.count == 3)
        #expect(matrix.connections.allSatisfy { $0.cell.text == "all traffic" })
        let outside = try #require(matrix.sources.firstIndex { !$0.isWorkloads })
        #expect(matrix.cell(outside, outside).v4 == nil)
    }

    @Test("a rule on outside addresses splits them, and says where")
    func outside() throws {
        var policy = Build.policy("shop/out", selector: "app == 'web'", types: [.egress])
        policy.egress = [Build.rule(.allow, .tcp, toNets: ["203.0.113.0/25", "192.0.2.0/24"], ports: [443])]
        let matrix = try ReachabilityMatrix(shop([policy]), filter: .internet)
        #expect(
            matrix.destinations.map(\.summary) == [
                "network set partners (203.0.113.0/25), 192.0.2.0/24",
                "network set partners (2001:db8::/32 and the rest of 203.0.113.0/24), the rest of the "
                    + "internet",
            ])
    }

    @Test("single addresses inside larger blocks keep their owners")
    func nestedOwners() throws {
        func set(_ name: String, _ blocks: String...) -> ClusterResource {
            .networkSet(
                NetworkSetResource(name: ResourceName(name: name), nets: blocks.map { Build.block($0) }))
        }
        let state = ClusterState([
            .namespace(NamespaceResource(name: "shop")), Build.pod("shop/a", "10.9.0.1"),
            set("wide", "10.9.0.0/16", "fd00::/8"), set("one", "10.9.9.9/32", "fd00::9/128"),
            .hostEndpoint(
                HostEndpointResource(
                    name: "node",
                    expectedAddresses: [Build.address("10.9.255.255"), Build.address("fdff::9")])),
        ])
        let matrix = try ReachabilityMatrix(PolicySnapshot(state, generation: 1))
        let outside = try #require(matrix.sources.last)
        #expect(
            outside.members.map(\.description) == [
                "host endpoint node and network set wide", "network set one and network set wide",
                "network set wide", "the rest of the internet",
            ])
        #expect(!outside.contains(Build.address("10.9.0.1")))
        #expect(outside.contains(Build.address("255.255.255.255")))
    }

    @Test("filters take ends, protocols and ports")
    func filters() throws {
        let snapshot = shop([database])
        var filter = MatrixFilter()
        var source = SiteFilter()
        source.namespaces = ["shop"]
        source.selector = try Selector(parsing: "zone == 'a'")
        filter.source = source
        var destination = SiteFilter()
        destination.side = .workloads
        filter.destination = destination
        filter.transport = .tcp
        filter.ports = PortRange(5000, 6000)
        let matrix = try ReachabilityMatrix(snapshot, filter: filter)
        #expect(matrix.sources.map(\.summary) == ["shop/web-1"])
        #expect(matrix.destinations.allSatisfy { $0.isWorkloads })
        #expect(Set(matrix.connections.map(\.cell.text)) == ["tcp/5000:6000", "tcp/5432"])
    }

    @Test("a condition on either end leaves out pairs in which neither meets it")
    func eitherEnd() throws {
        var filter = MatrixFilter()
        var blog = SiteFilter()
        blog.namespaces = ["blog"]
        filter.either = blog
        let matrix = try ReachabilityMatrix(shop([database]), filter: filter)
        for connection in matrix.connections {
            let ends = [matrix.sources[connection.source], matrix.destinations[connection.destination]]
            #expect(ends.contains { $0.namespaces == ["blog"] })
        }
        #expect(matrix.connections.count == 6)
    }

    @Test("bounds are kept, and the error says which")
    func limits() {
        var limits = AnalysisLimits()
        limits.maximumGroups = 1
        #expect(throws: AnalysisError.tooManyGroups(4, maximum: 1)) {
            try ReachabilityMatrix(shop([database]), limits: limits)
        }
        limits = AnalysisLimits()
        limits.maximumCells = 3
        #expect(throws: AnalysisError.tooManyCells(16, maximum: 3)) {
            try ReachabilityMatrix(shop([database]), limits: limits)
        }
        limits = AnalysisLimits()
        limits.maximumRegions = 2
        #expect(throws: AnalysisError.self) { try ReachabilityMatrix(shop([database]), limits: limits) }
    }
}

extension MatrixFilter {
    fileprivate static var internet: MatrixFilter {
        var filter = MatrixFilter()
        var outside = SiteFilter()
        outside.side = .outside
        filter.destination = outside
        return filter
    }

    @Test("an address of two pods is that of the pod which evaluation takes")
    func sharedAddress() throws {
        let matrix = try ReachabilityMatrix(
            PolicySnapshot(
                ClusterState([
                    .namespace(NamespaceResource(name: "shop")), Build.pod("shop/a", "10.0.0.1"),
                    Build.pod("shop/b", "10.0.0.1"), Build.pod("shop/c", "10.0.0.2"),
                ]), generation: 1))
        #expect(
            Set(matrix.sources.flatMap(\.workloads)) == [Build.name("shop/a"), Build.name("shop/c")])
    }
}
