// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyModel
import TestSupport
import Testing

@testable import PolicyTool

@Suite("A world from manifests")
struct WorldTests {
    private static func world(_ yaml: String, addresses: String = "10.176.0.0/12") throws -> World {
        let folder = try TemporaryFolder(["world.yaml": yaml])
        return World.reading([folder.path], podAddresses: try IPPrefix.parse(addresses, .strict))
    }

    static func deployment(_ name: String, kind: String = "Deployment", version: String = "apps/v1") -> String
    {
        """
        ---
        apiVersion: \(version)
        kind: \(kind)
        metadata: {name: \(name), namespace: shop}
        spec:
          template:
            metadata: {labels: {app: \(name)}}
            spec:
              serviceAccountName: runner
              containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]

        """
    }

    @Test(
        "a workload that never ran has one pod, made from its template",
        arguments: [
            ("Deployment", "apps/v1"), ("StatefulSet", "apps/v1"), ("DaemonSet", "apps/v1"),
            ("ReplicaSet", "apps/v1"), ("ReplicationController", "v1"), ("Job", "batch/v1"),
        ])
    func workloads(kind: String, version: String) throws {
        let world = try Self.world(Self.deployment("web", kind: kind, version: version))
        let pod = try #require(world.state.pods[ResourceName(namespace: "shop", name: "web-0")])
        #expect(pod.labels == ["app": "web"])
        #expect(pod.generateName == "web-")
        #expect(pod.serviceAccount == "runner")
        #expect(pod.ports == [NamedPort(name: "http", port: 8080)])
        #expect(pod.addresses.count == 1)
        #expect(world.notes.first == "made one pod per workload from its template: shop/web-0")
    }

    @Test("a CronJob's pod comes from the template of its Job")
    func cronJob() throws {
        let world = try Self.world(
            """
            apiVersion: batch/v1
            kind: CronJob
            metadata: {name: report, namespace: shop}
            spec: {jobTemplate: {spec: {template: {metadata: {labels: {app: report}}, spec: {}}}}}
            """)
        #expect(
            world.state.pods[ResourceName(namespace: "shop", name: "report-0")]?.labels == ["app": "report"])
    }

    @Test("a workload whose pods are in the files, or that another object makes, gets none")
    func existingPods() throws {
        let dump =
            Self.deployment("web") + """
                ---
                apiVersion: apps/v1
                kind: ReplicaSet
                metadata: {name: api-5d4f, namespace: shop, ownerReferences: [{kind: Deployment, name: api}]}
                spec: {template: {metadata: {labels: {app: api}}, spec: {}}}
                ---
                apiVersion: v1
                kind: Pod
                metadata: {name: web-7d4b9c6f5d-x2x8z, namespace: shop, labels: {app: web, hash: a}}
                spec: {}
                status: {podIP: 10.0.0.7}
                """
        let world = try Self.world(dump)
        #expect(world.state.pods.keys.map(\.name) == ["web-7d4b9c6f5d-x2x8z"])
        #expect(!world.notes.contains { $0.contains("made one pod") })
    }

    @Test("a workload that a custom controller owns has its pod: nothing else in the files makes it")
    func customOwners() throws {
        let world = try Self.world(
            """
            apiVersion: apps/v1
            kind: StatefulSet
            metadata: {name: prometheus, namespace: shop, ownerReferences: [{kind: Prometheus, name: main}]}
            spec: {template: {metadata: {labels: {app: prometheus}}, spec: {}}}
            """)
        #expect(world.state.pods.keys.map(\.name) == ["prometheus-0"])
    }

    @Test("a problem of a template is told at the workload's own line and field")
    func templateProblems() throws {
        let world = Fixtures.world("broken/more/workload.yaml")
        #expect(world.diagnostics.map(\.resource) == ["Deployment shop/web", "CronJob shop/report"])
        #expect(world.diagnostics.first?.field == "spec.template.spec.containers[0].ports[0].containerPort")
        #expect(world.diagnostics.first?.location?.line == 10)
        #expect(world.state.pods.isEmpty)
    }

    @Test("a pod's made-up address depends on its name alone, and on nothing that is taken")
    func addresses() throws {
        let alone = try Self.world(Self.deployment("web"))
        let among = try Self.world(
            (0..<50).map { Self.deployment("w\($0)") }.joined() + Self.deployment("web"))
        let name = ResourceName(namespace: "shop", name: "web-0")
        let address = try #require(alone.state.pods[name]?.addresses.first)
        #expect(among.state.pods[name]?.addresses == [address])
        #expect(Set(among.state.pods.values.flatMap(\.addresses)).count == 51)
        let taken = try Self.world(
            Self.deployment("web") + """
                ---
                apiVersion: v1
                kind: Pod
                metadata: {name: other, namespace: shop}
                spec: {}
                status: {podIP: \(address)}
                """)
        #expect(taken.state.pods[name]?.addresses != [address])
    }

    @Test("a range that is too small for all pods leaves some out, and says so")
    func exhaustion() throws {
        let world = try Self.world(
            (0..<20).map { Self.deployment("w\($0)") }.joined(), addresses: "10.0.0.0/28")
        let addresses = world.state.pods.values.flatMap(\.addresses)
        #expect(addresses.count == 14 && Set(addresses).count == 14)
        #expect(
            !addresses.contains(IPAddress(v4: 0x0a00_0000)) && !addresses.contains(IPAddress(v4: 0x0a00_000f))
        )
        #expect(
            world.notes.contains { $0.hasPrefix("6 pods are left out: 10.0.0.0/28 has no address for them") })
    }

    @Test(
        "a Service without EndpointSlices gets them from its selector; named target ports are each pod's own")
    func endpointSlices() throws {
        let world = try Self.world(
            """
            apiVersion: v1
            kind: Service
            metadata: {name: web, namespace: shop}
            spec: {selector: {app: web}, ports: [{name: p, port: 80, targetPort: http}, {name: n, port: 81}]}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: nobody, namespace: shop}
            spec: {selector: {app: nobody}, ports: [{port: 80}]}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: a, namespace: shop, labels: {app: web}}
            spec: {containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}
            status: {podIP: 10.0.0.1}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: b, namespace: shop, labels: {app: web}}
            spec: {containers: [{name: c, ports: [{name: http, containerPort: 9090}]}]}
            status: {podIP: 10.0.0.2}
            """)
        let slices = world.state.endpointSlices.values.sorted { $0.name < $1.name }
        #expect(slices.map(\.serviceName) == ["web", "web"])
        #expect(slices.map { $0.addresses.map(\.description) } == [["10.0.0.1"], ["10.0.0.2"]])
        #expect(slices.map { $0.ports.map(\.port) } == [[8080, 81], [9090, 81]])
    }

    @Test("EndpointSlices that are in the files are left as they are")
    func givenSlices() throws {
        let world = try Self.world(
            Self.deployment("web") + """
                ---
                apiVersion: v1
                kind: Service
                metadata: {name: web, namespace: shop}
                spec: {selector: {app: web}, ports: [{port: 80}]}
                ---
                apiVersion: discovery.k8s.io/v1
                kind: EndpointSlice
                metadata: {name: web-x, namespace: shop, labels: {kubernetes.io/service-name: web}}
                addressType: IPv4
                endpoints: [{addresses: [192.0.2.7]}]
                ports: [{port: 8080}]
                """)
        #expect(world.state.endpointSlices.values.map { $0.name.name } == ["web-x"])
    }

    @Test("a Namespace has the label that the API server gives it; one that nobody defines is only implied")
    func namespaces() throws {
        let world = try Self.world(
            Self.deployment("web")
                + "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: data, labels: {a: b}}\n")
        #expect(world.state.namespaces["data"]?.labels == ["a": "b", "kubernetes.io/metadata.name": "data"])
        #expect(world.state.namespaces["data"]?.isImplied == false)
        #expect(world.state.namespaces["shop"]?.isImplied == true)
        #expect(world.notes.contains("no Namespace object was read for shop: its labels are not known"))
    }

    @Test("of two documents about one object the first by path and line counts, and the other is reported")
    func duplicates() throws {
        let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {from: "
        let folder = try TemporaryFolder([
            "b.yaml": namespace + "b}}\n", "a.yaml": namespace + "a}}\n---\n" + namespace + "a2}}\n",
        ])
        let world = World.reading([folder.path])
        #expect(world.state.namespaces["shop"]?.labels["from"] == "a")
        #expect(world.diagnostics.map { $0.location?.line } == [5, 1])
        #expect(world.diagnostics.allSatisfy { $0.message.contains("a.yaml:1, which is used") })
    }

    @Test(
        "hidden files, other files and links in circles are left alone; what was named is read whatever its name"
    )
    func files() throws {
        let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: "
        let folder = try TemporaryFolder([
            ".hidden.yaml": namespace + "a}\n", "notes.txt": namespace + "b}\n",
            "sub/c.yml": namespace + "c}\n",
            ".git/d.yaml": namespace + "d}\n",
        ])
        #expect(World.reading([folder.path]).state.namespaces.keys.sorted() == ["c"])
        #expect(World.reading([folder.path, folder.path + "/sub/c.yml"]).diagnostics.isEmpty)
        #expect(World.reading([folder.path + "/notes.txt"]).state.namespaces.keys.sorted() == ["b"])
    }

    @Test("test files among manifests are no manifests")
    func testFiles() throws {
        let folder = try TemporaryFolder([
            "a.yaml": "world: x\ntests: [a -> b allow]\n",
            "b.yaml":
                "- name: case\n  connection: {src: a/b, dst: 10.0.0.1, proto: tcp}\n  expect: {allowed: true}\n",
        ])
        #expect(World.reading([folder.path]).diagnostics.isEmpty)
    }
}
