// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import NIOHTTP2

/// One connection of a server, as those who answer its calls see it.
public final class GRPCConnection: Sendable {
    /// Of this process; not given twice.
    public let id: UInt64
    /// The other end's address without its port, or the path of its socket.
    public let peerAddress: String
    /// The other end's port; nil when it has none.
    public let peerPort: Int?
    /// Who the other end is by its certificate, as `GRPCServer.Security.identify` tells; nil without one.
    public let peerIdentity: String?
    private let channel: any Channel
    private let probe: @Sendable () -> EventLoopFuture<Bool>

    init(
        id: UInt64, channel: any Channel, peerIdentity: String?,
        probe: @escaping @Sendable () -> EventLoopFuture<Bool>
    ) {
        self.id = id
        self.channel = channel
        self.peerIdentity = peerIdentity
        self.probe = probe
        let address = channel.remoteAddress?.ipAddress ?? channel.remoteAddress?.pathname ?? ""
        // A socket for both families shows IPv4 addresses in this form (RFC 4291, 2.5.5.2).
        peerAddress = address.hasPrefix("::ffff:") ? String(address.dropFirst(7)) : address
        peerPort = channel.remoteAddress?.port
    }

    /// Whether the other end still answers. One that does not within five seconds is closed.
    public func isAlive() async -> Bool { (try? await probe().get()) ?? false }

    /// Runs `body` when the connection is closed; at once when it already is.
    public func whenClosed(_ body: @escaping @Sendable () -> Void) {
        channel.closeFuture.whenComplete { _ in body() }
    }
}

/// Looks after one connection of a server: is the other end there, does it behave, is it time to go.
///
/// Clients of the common implementations send a ping for about every answer they get, to estimate the bandwidth
/// (that is why the network library's own limit is raised). So pings are allowed as data is: each read of messages
/// allows four more, and time allows some.
final class GRPCConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame
    typealias InboundOut = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    private static let startingPings = 1_000
    private static let maximumPings = 20_000
    private static let pingsPerRead = 4
    /// Time that allows one more ping.
    private static let pingInterval = TimeAmount.milliseconds(200)

    private let limits: GRPCServer.Limits
    private let counters: GRPCCounters
    private var context: ChannelHandlerContext?
    private var hasBegun = false
    private var isQuiescing = false
    private var wasAlive = true
    private var hasFailed = false
    private var probes: [EventLoopPromise<Bool>] = []
    private var probeTimeout: Scheduled<Void>?
    private var keepalive: RepeatedTask?
    private var beginning: Scheduled<Void>?
    private var allowedPings = GRPCConnectionHandler.startingPings
    private var allowedSince = NIODeadline.now()

    init(limits: GRPCServer.Limits, counters: GRPCCounters) {
        self.limits = limits
        self.counters = counters
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        beginning = context.eventLoop.scheduleTask(in: limits.beginTimeout) { handler.value.endUnlessBegun() }
        keepalive = context.eventLoop.scheduleRepeatedTask(
            initialDelay: limits.keepaliveInterval, delay: limits.keepaliveInterval
        ) { _ in handler.value.lookForLife() }
    }

    func handlerRemoved(context: ChannelHandlerContext) { stop() }

    func channelInactive(context: ChannelHandlerContext) {
        stop()
        context.fireChannelInactive()
    }

    private func stop() {
        beginning?.cancel()
        keepalive?.cancel()
        probeTimeout?.cancel()
        for probe in probes { probe.succeed(false) }
        probes = []
        context = nil
    }

    /// Messages came: the other end is there, and may ping some more.
    func noteMessages() {
        wasAlive = true
        allowedPings = min(Self.maximumPings, allowedPings + Self.pingsPerRead)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        hasBegun = true
        wasAlive = true
        switch unwrapInboundIn(data).payload {
        case .ping(_, let isAnswer):
            if isAnswer { return answerProbes(true) }
            let passed = NIODeadline.now() - allowedSince
            let more = Int(clamping: passed.nanoseconds / Self.pingInterval.nanoseconds)
            if more > 0 {
                allowedPings = min(Self.maximumPings, allowedPings + more)
                allowedSince = .now()
            }
            allowedPings -= 1
            if allowedPings < 0 {
                counters.change { $0.abusedConnections += 1 }
                hasFailed = true
                let frame = HTTP2Frame(
                    streamID: .rootStream,
                    payload: .goAway(
                        lastStreamID: .maxID, errorCode: .enhanceYourCalm,
                        opaqueData: ByteBuffer(string: "too_many_pings")))
                context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
                context.close(promise: nil)
            }
        default: break
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent { leave() }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if !hasFailed {
            hasFailed = true
            counters.change { counters in
                counters.failedConnections += 1
                counters.lastFailure = "\(context.remoteAddress?.description ?? "a client"): \(error)"
            }
        }
        context.close(promise: nil)
    }

    private func endUnlessBegun() {
        guard !hasBegun, let context else { return }
        counters.change { $0.deadConnections += 1 }
        context.close(promise: nil)
    }

    private func lookForLife() {
        guard !wasAlive else {
            wasAlive = false
            return
        }
        guard let context else { return }
        _ = probe(on: context.eventLoop)
    }

    /// Asks the other end for a sign of life, and closes the connection without one.
    func probe(on loop: any EventLoop) -> EventLoopFuture<Bool> {
        guard let context, context.channel.isActive else { return loop.makeSucceededFuture(false) }
        let promise = loop.makePromise(of: Bool.self)
        probes.append(promise)
        guard probes.count == 1 else { return promise.futureResult }
        let frame = HTTP2Frame(
            streamID: .rootStream, payload: .ping(HTTP2PingData(withInteger: 0), ack: false))
        context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
        let handler = NIOLoopBound(self, eventLoop: loop)
        probeTimeout = loop.scheduleTask(in: limits.probeTimeout) { handler.value.giveUp() }
        return promise.futureResult
    }

    private func giveUp() {
        counters.change { $0.deadConnections += 1 }
        let closing = context
        answerProbes(false)
        closing?.close(promise: nil)
    }

    private func answerProbes(_ isAlive: Bool) {
        probeTimeout?.cancel()
        let answered = probes
        probes = []
        for probe in answered { probe.succeed(isAlive) }
    }

    /// Says that no new calls are taken, and closes soon.
    private func leave() {
        guard !isQuiescing, let context else { return }
        isQuiescing = true
        let frame = HTTP2Frame(
            streamID: .rootStream,
            payload: .goAway(lastStreamID: .maxID, errorCode: .noError, opaqueData: nil))
        context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: limits.leaveTimeout) {
            handler.value.context?.close(promise: nil)
        }
    }
}
