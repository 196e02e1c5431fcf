// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel

/// The little of the DNS wire format (RFC 1035 section 4) that the lab's resolver and name server need: one
/// question, A and AAAA records. Every length is checked; what cannot be decoded is nil.
///
///     0        2        4        6        8        10       12
///     +--------+--------+--------+--------+--------+--------+----------+---------+
///     | id     | flags  | QD = 1 | AN     | NS     | AR     | question | answers |
///     +--------+--------+--------+--------+--------+--------+----------+---------+
enum DNSMessage {
    /// Largest message handled: the classic UDP limit.
    static let maximumBytes = 512
    /// Most addresses in one answer; the rest is left out.
    static let maximumAnswers = 16

    struct Question: Hashable {
        /// RFC 1035 section 3.2.2, RFC 3596.
        enum RecordType: UInt16 {
            case a = 1
            case aaaa = 28
        }

        var name: DNSName
        /// Raw, because a server must answer types that it does not know.
        var type: UInt16

        init(name: DNSName, type: UInt16) {
            self.name = name
            self.type = type
        }

        init(name: DNSName, family: IPFamily) {
            self.init(name: name, type: (family == .v4 ? RecordType.a : .aaaa).rawValue)
        }

        /// The family of addresses asked for; nil for other record types.
        var family: IPFamily? {
            switch RecordType(rawValue: type) {
            case .a: .v4
            case .aaaa: .v6
            case nil: nil
            }
        }
    }

    struct Query: Hashable {
        var id: UInt16
        var question: Question
        var recursionDesired = true
    }

    struct Response: Hashable {
        var id: UInt16
        var question: Question
        /// 0 no error, 3 no such name.
        var code: UInt8
        var addresses: [IPAddress]
        /// The smallest of the answers; 0 without answers.
        var timeToLiveSeconds: UInt32
    }

    static let noSuchName: UInt8 = 3
    private static let internetClass: UInt16 = 1

    // MARK: Encoding

    static func encode(_ query: Query) -> [UInt8] {
        var bytes: [UInt8] = []
        append(query.id, &bytes)
        append(query.recursionDesired ? 0x0100 : 0, &bytes)
        for count: UInt16 in [1, 0, 0, 0] { append(count, &bytes) }
        append(query.question, &bytes)
        return bytes
    }

    static func encode(_ response: Response) -> [UInt8] {
        let addresses = response.addresses.filter { $0.family == response.question.family }.prefix(
            maximumAnswers)
        var bytes: [UInt8] = []
        append(response.id, &bytes)
        // QR, AA, RD, RA, response code.
        append(0x8580 | UInt16(response.code & 15), &bytes)
        for count in [1, UInt16(addresses.count), 0, 0] { append(count, &bytes) }
        append(response.question, &bytes)
        for address in addresses {
            let record = address.networkBytes
            append(0xc00c, &bytes)  // the question's name at offset 12
            append(response.question.type, &bytes)
            append(internetClass, &bytes)
            append(UInt16(truncatingIfNeeded: response.timeToLiveSeconds >> 16), &bytes)
            append(UInt16(truncatingIfNeeded: response.timeToLiveSeconds), &bytes)
            append(UInt16(record.count), &bytes)
            bytes += record
        }
        return bytes
    }

    private static func append(_ number: UInt16, _ bytes: inout [UInt8]) {
        bytes += [UInt8(number >> 8), UInt8(truncatingIfNeeded: number)]
    }

    private static func append(_ question: Question, _ bytes: inout [UInt8]) {
        for label in question.name.labels { bytes += [UInt8(label.utf8.count)] + Array(label.utf8) }
        bytes.append(0)
        append(question.type, &bytes)
        append(internetClass, &bytes)
    }

    // MARK: Decoding

    /// A standard query with exactly one question of class IN; nil for everything else.
    static func decodeQuery(_ bytes: [UInt8]) -> Query? {
        var reader = DNSReader(bytes)
        guard let id = reader.number(), let flags = reader.number(), flags & 0xf800 == 0,
            reader.number() == 1, reader.skip(6), let question = question(&reader)
        else { return nil }
        return Query(id: id, question: question, recursionDesired: flags & 0x0100 != 0)
    }

    /// A response with its question and every address in its answers, CNAME chains included.
    static func decodeResponse(_ bytes: [UInt8]) -> Response? {
        var reader = DNSReader(bytes)
        guard let id = reader.number(), let flags = reader.number(), flags & 0x8000 != 0,
            reader.number() == 1, let count = reader.number(), reader.skip(4),
            let question = question(&reader)
        else { return nil }
        var addresses: [IPAddress] = []
        var timeToLive: UInt32?
        for _ in 0..<min(Int(count), 64) {
            guard reader.name() != nil, let type = reader.number(), let recordClass = reader.number(),
                let high = reader.number(), let low = reader.number(), let length = reader.number(),
                let record = reader.bytes(Int(length))
            else { return nil }
            guard recordClass == internetClass, type == question.type,
                let address = IPAddress(networkBytes: record), addresses.count < maximumAnswers
            else { continue }
            addresses.append(address)
            timeToLive = min(timeToLive ?? .max, UInt32(high) << 16 | UInt32(low))
        }
        return Response(
            id: id, question: question, code: UInt8(flags & 15), addresses: addresses,
            timeToLiveSeconds: timeToLive ?? 0)
    }

    private static func question(_ reader: inout DNSReader) -> Question? {
        guard let labels = reader.name(), let name = DNSName(labels: labels), let type = reader.number(),
            reader.number() == internetClass
        else { return nil }
        return Question(name: name, type: type)
    }
}

/// A cursor over a DNS message.
private struct DNSReader {
    private let message: [UInt8]
    private var position = 0

    init(_ message: [UInt8]) { self.message = message }

    mutating func number() -> UInt16? {
        guard let pair = bytes(2) else { return nil }
        return pair.reduce(0) { $0 << 8 | UInt16($1) }
    }

    mutating func skip(_ count: Int) -> Bool { bytes(count) != nil }

    mutating func bytes(_ count: Int) -> ArraySlice<UInt8>? {
        guard count <= message.count - position else { return nil }
        defer { position += count }
        return message[position..<position + count]
    }

    /// A name, following compression pointers (RFC 1035 section 4.1.4). Pointers must lead backwards, so it
    /// ends.
    mutating func name() -> [String]? {
        var labels: [String] = []
        var cursor = position
        var limit = message.count
        var end: Int?
        while true {
            guard cursor < limit, labels.count <= 127 else { return nil }
            let length = Int(message[cursor])
            if length == 0 {
                position = end ?? cursor + 1
                return labels
            }
            if length & 0xc0 == 0xc0 {
                guard cursor + 1 < message.count else { return nil }
                let target = (length & 0x3f) << 8 | Int(message[cursor + 1])
                guard target < cursor else { return nil }
                end = end ?? cursor + 2
                limit = cursor
                cursor = target
                continue
            }
            guard length <= 63, cursor + 1 + length <= message.count else { return nil }
            labels.append(String(decoding: message[cursor + 1..<cursor + 1 + length], as: UTF8.self))
            cursor += 1 + length
        }
    }
}
