// SPDX-License-Identifier: Apache-2.0

public import NetworkModel

/// The names that the lab's name server knows. Written by the lab as a text file of `name address` lines,
/// read by the name server's process.
public struct DNSZone: Hashable, Sendable {
    /// Largest number of lines read from a file; the rest is ignored.
    static let maximumLines = 10_000

    /// Addresses by name in lower case, without a final dot.
    public private(set) var addresses: [String: [IPAddress]]

    public init(_ addresses: [String: [IPAddress]] = [:]) { self.addresses = addresses }

    /// The addresses of a name; nil when there is no such name.
    public func lookup(_ name: String) -> [IPAddress]? { addresses[name] }

    /// One line per name and address, sorted.
    public var text: String {
        addresses.sorted { $0.key < $1.key }
            .flatMap { entry in entry.value.sorted().map { "\(entry.key) \($0)\n" } }.joined()
    }

    /// Reads `text`; lines that are no `name address` are skipped.
    public init(text: String) {
        addresses = [:]
        for line in text.split(separator: "\n").prefix(Self.maximumLines) {
            let words = line.split(separator: " ")
            guard words.count == 2, let name = DNSName(String(words[0])), let address = IPAddress(words[1])
            else {
                continue
            }
            addresses[name.text, default: []].append(address)
        }
    }

    /// The answer to a query.
    func response(to query: DNSMessage.Query, timeToLiveSeconds: UInt32 = 10) -> DNSMessage.Response {
        let known = lookup(query.question.name.text)
        return DNSMessage.Response(
            id: query.id, question: query.question, code: known == nil ? DNSMessage.noSuchName : 0,
            addresses: (known ?? []).filter { $0.family == query.question.family },
            timeToLiveSeconds: timeToLiveSeconds)
    }
}
