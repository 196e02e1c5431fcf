// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import NetworkModel

/// What a workload knows of names: its name servers, and answers for as long as they last.
struct WorkloadResolver {
    /// Most names remembered; the cache is emptied when it is full.
    private static let maximumNames = 128
    /// However long an answer claims to be good.
    private static let longestNanoseconds: Int64 = 30_000_000_000

    struct Answer {
        var addresses: [IPAddress]
        var timeToLiveSeconds: UInt32
    }

    let servers: [IPAddress]
    private var known: [DNSName: (addresses: [IPAddress], untilNanoseconds: Int64)] = [:]

    init(servers: [IPAddress]) { self.servers = servers }

    func cached(_ name: DNSName, _ now: Int64) -> [IPAddress]? {
        guard let entry = known[name], entry.untilNanoseconds > now else { return nil }
        return entry.addresses
    }

    mutating func store(_ answer: Answer, for name: DNSName, _ now: Int64) {
        if known.count >= Self.maximumNames { known.removeAll() }
        let life = min(Int64(answer.timeToLiveSeconds) * 1_000_000_000, Self.longestNanoseconds)
        known[name] = (answer.addresses, now + life)
    }

    /// Alternates between the families that exist, then between the addresses of each.
    static func choose(_ addresses: [IPAddress], attempt: Int) -> IPAddress? {
        let families = IPFamily.allCases.map { family in addresses.filter { $0.family == family } }
            .filter { !$0.isEmpty }
        guard !families.isEmpty else { return nil }
        let family = families[attempt % families.count]
        return family[attempt / families.count % family.count]
    }
}

/// One lookup: asks for A and AAAA records at once and is done when both answers are there.
final class WorkloadLookup: WorkloadEndpoint {
    enum Outcome {
        case success(WorkloadResolver.Answer)
        case failure(WorkloadLookupFailure)
    }

    typealias Completion = (WorkloadLoop, Outcome) -> Void

    private let name: DNSName
    private let firstID: UInt16
    private let completion: Completion
    private var answers: [IPFamily: DNSMessage.Response] = [:]

    private init(_ descriptor: Int32, _ name: DNSName, _ completion: @escaping Completion) {
        self.name = name
        firstID = UInt16.random(in: 0...0xfffe)
        self.completion = completion
        super.init(descriptor)
        deadlineNanoseconds = WorkloadLoop.monotonicNanoseconds + Self.attemptNanoseconds
    }

    static func start(
        _ name: DNSName, attempt: Int, _ loop: WorkloadLoop, _ completion: @escaping Completion
    ) {
        guard let server = WorkloadResolver.choose(loop.resolver.servers, attempt: attempt) else {
            return completion(loop, .failure(.noServer))
        }
        do throws(WorkloadSocket.Failure) {
            let descriptor = try WorkloadSocket.client(
                to: server, port: 53, transport: .udp, from: loop.localAddress(server.family))
            let lookup = WorkloadLookup(descriptor, name, completion)
            loop.add(lookup)
            lookup.ask(loop)
        } catch {
            completion(loop, .failure(.socket(error)))
        }
    }

    private func ask(_ loop: WorkloadLoop) {
        for (offset, family) in IPFamily.allCases.enumerated() {
            let question = DNSMessage.Question(name: name, family: family)
            let query = DNSMessage.encode(DNSMessage.Query(id: firstID + UInt16(offset), question: question))
            do throws(WorkloadSocket.Failure) {
                _ = try WorkloadSocket.send(descriptor, query[...])
            } catch {
                return finish(.failure(.socket(error)), loop)
            }
        }
    }

    override func becomeReady(_ loop: WorkloadLoop) {
        do throws(WorkloadSocket.Failure) {
            while let bytes = try WorkloadSocket.receive(descriptor, maximumBytes: DNSMessage.maximumBytes) {
                accept(bytes)
            }
        } catch {
            return finish(.failure(.socket(error)), loop)
        }
        guard answers.count == IPFamily.allCases.count else { return }
        let addresses = IPFamily.allCases.flatMap { answers[$0]?.addresses ?? [] }
        guard !addresses.isEmpty else { return finish(.failure(.noSuchName), loop) }
        let life = answers.values.filter { !$0.addresses.isEmpty }.map(\.timeToLiveSeconds).min() ?? 0
        finish(.success(WorkloadResolver.Answer(addresses: addresses, timeToLiveSeconds: life)), loop)
    }

    /// Takes an answer when it is to one of the two questions asked; anything else is ignored.
    private func accept(_ bytes: [UInt8]) {
        guard let response = DNSMessage.decodeResponse(bytes), response.question.name == name,
            let family = response.question.family, response.id == firstID + (family == .v4 ? 0 : 1)
        else { return }
        answers[family] = response
    }

    override func expire(_ loop: WorkloadLoop) { finish(.failure(.timeout), loop) }

    private func finish(_ outcome: Outcome, _ loop: WorkloadLoop) {
        loop.remove(self)
        completion(loop, outcome)
    }
}

/// Why a name could not be resolved.
enum WorkloadLookupFailure: Error {
    case noServer
    case noSuchName
    case timeout
    case socket(WorkloadSocket.Failure)

    var text: String {
        switch self {
        case .noServer: "no name server is set"
        case .noSuchName: "no such name"
        case .timeout: "the name server does not answer"
        case .socket(let failure): failure.text
        }
    }
}
