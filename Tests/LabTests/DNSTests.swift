// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import Testing

@testable import Lab

@Suite("DNS messages")
struct DNSMessageTests {
    static let name = DNSName("db.data.svc.cluster.local")!
    static let query = DNSMessage.Query(id: 0x1234, question: DNSMessage.Question(name: name, family: .v4))
    static let response = DNSMessage.Response(
        id: 0x1234, question: query.question, code: 0,
        addresses: [IPAddress("10.96.0.17")!, IPAddress("10.96.0.18")!], timeToLiveSeconds: 10)

    @Test("a query has these bytes")
    func queryBytes() {
        let expected: [UInt8] =
            [0x12, 0x34, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0]  // id, RD, one question
            + [2] + Array("db".utf8) + [4] + Array("data".utf8) + [3] + Array("svc".utf8)
            + [7] + Array("cluster".utf8) + [5] + Array("local".utf8) + [0]
            + [0, 1, 0, 1]  // A, IN
        #expect(DNSMessage.encode(Self.query) == expected)
    }

    @Test("queries and responses are read back the same", arguments: IPFamily.allCases)
    func roundTrip(_ family: IPFamily) {
        let question = DNSMessage.Question(name: Self.name, family: family)
        let query = DNSMessage.Query(id: 7, question: question)
        #expect(DNSMessage.decodeQuery(DNSMessage.encode(query)) == query)
        let zone = DNSZone([Self.name.text: [IPAddress("10.96.0.17")!, IPAddress("fd00:10:96::11")!]])
        let response = zone.response(to: query)
        #expect(response.addresses.map(\.family) == [family])
        #expect(DNSMessage.decodeResponse(DNSMessage.encode(response)) == response)
    }

    @Test("an unknown name is told apart from a name without addresses of the family")
    func noSuchName() throws {
        let zone = DNSZone(["v4.only.example": [IPAddress("203.0.113.1")!]])
        let unknown = DNSMessage.Query(
            id: 1, question: DNSMessage.Question(name: DNSName("x.example")!, family: .v4))
        #expect(zone.response(to: unknown).code == DNSMessage.noSuchName)
        let empty = DNSMessage.Query(
            id: 1, question: DNSMessage.Question(name: DNSName("v4.only.example")!, family: .v6))
        #expect(zone.response(to: empty).code == 0)
        #expect(zone.response(to: empty).addresses.isEmpty)
    }

    @Test("follows a CNAME chain with compressed names")
    func compressedChain() throws {
        let message: [UInt8] =
            [0, 9, 0x81, 0x80, 0, 1, 0, 2, 0, 0, 0, 0]
            + [3] + Array("www".utf8) + [7] + Array("example".utf8) + [0] + [0, 1, 0, 1]
            + [0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 6] + [3] + Array("cdn".utf8) + [0xc0, 16]  // CNAME cdn
            + [0xc0, 41, 0, 1, 0, 1, 0, 0, 0, 30, 0, 4, 203, 0, 113, 80]  // A
        let response = try #require(DNSMessage.decodeResponse(message))
        #expect(response.addresses.map(\.description) == ["203.0.113.80"])
        #expect(response.timeToLiveSeconds == 30)
    }

    static let messages = [DNSMessage.encode(query), DNSMessage.encode(response)]

    @Test("every truncation is refused", arguments: messages)
    func truncations(_ message: [UInt8]) {
        let survivors = message.indices.filter { length in
            DNSMessage.decodeQuery(Array(message[..<length])) != nil
                || DNSMessage.decodeResponse(Array(message[..<length])) != nil
        }
        #expect(survivors.isEmpty)
    }

    @Test("random damage never traps", arguments: [UInt64(1), 2, 3])
    func damage(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<20_000 {
            var message = Self.messages[Int.random(in: 0...1, using: &random)]
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                message[Int.random(in: message.indices, using: &random)] = .random(
                    in: 0...255, using: &random)
            }
            _ = DNSMessage.decodeQuery(message)
            _ = DNSMessage.decodeResponse(message)
        }
    }

    @Test(
        "refuses endless and forward pointers",
        arguments: [[0xc0, 12], [0xc0, 14], [0xc0, 0xff], [1, 0x61, 0xc0, 12]] as [[UInt8]])
    func pointerLoops(_ name: [UInt8]) {
        let header: [UInt8] = [0, 9, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0]
        #expect(DNSMessage.decodeQuery(header + name + [0, 1, 0, 1]) == nil)
    }

    static let expansions: [(String, String)] = [
        ("db.data", "db.data.svc.cluster.local"), ("db.data.svc", "db.data.svc.cluster.local"),
        ("db.data.svc.cluster.local", "db.data.svc.cluster.local"),
        ("www.partner.example", "www.partner.example"),
        ("DB.Data.", "db.data.svc.cluster.local"),
    ]

    @Test("short names are completed as a pod's resolver does", arguments: expansions)
    func expands(_ text: String, _ expected: String) {
        #expect(DNSName(text)?.expanded.text == expected)
    }

    @Test(
        "refuses what is no name",
        arguments: ["", ".", "a..b", "a b.c", "ä.example", String(repeating: "a", count: 64)])
    func badNames(_ text: String) {
        #expect(DNSName(text) == nil)
    }

    @Test("a zone is read back from its text; bad lines are skipped")
    func zoneText() {
        let zone = DNSZone([
            "a.b": [IPAddress("10.0.0.2")!, IPAddress("10.0.0.1")!], "c.d": [IPAddress("::1")!],
        ])
        #expect(zone.text == "a.b 10.0.0.1\na.b 10.0.0.2\nc.d ::1\n")
        #expect(DNSZone(text: zone.text).text == zone.text)
        #expect(
            DNSZone(text: "\nx\nbad name 1\nx.y 1.2.3\nx.y 1.2.3.4 5\nok.it 1.2.3.4").addresses.keys.sorted()
                == ["ok.it"])
    }
}
