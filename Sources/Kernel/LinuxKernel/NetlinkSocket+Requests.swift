// SPDX-License-Identifier: Apache-2.0

internal import CLinuxABI
internal import Glibc
internal import Synchronization

// Requests: one message with one acknowledgement, dumps of many messages, and netfilter's transactions.
extension NetlinkSocket {
    /// Sends one request and waits for its acknowledgement; `each` gets the messages that answer it, if any.
    ///
    /// `each` must not use this socket. The writer must hold exactly one message. NLM_F_REQUEST and NLM_F_ACK
    /// are added, sequence and port set.
    public func transact(
        _ request: NetlinkMessageWriter, operation: String, subject: String,
        each: (NetlinkMessage) -> Void = { _ in }
    ) throws(KernelError) {
        _ = try exchange(request, flags: NLM_F_ACK, operation: operation, subject: subject, each: each)
    }

    /// Asks for a dump and gives every message of it to `each`.
    ///
    /// Returns false when the kernel says that the table changed meanwhile (NLM_F_DUMP_INTR), so that entries
    /// may be missing or doubled: throw the result away and dump again.
    public func dump(
        _ request: NetlinkMessageWriter, operation: String, subject: String, each: (NetlinkMessage) -> Void
    ) throws(KernelError) -> Bool {
        try exchange(request, flags: NLM_F_DUMP, operation: operation, subject: subject, each: each)
    }

    /// Dumps until the kernel says that one dump is consistent; `restart` comes before each try and must
    /// throw away what `each` gathered. Throws `.interrupted` after five tries.
    public func dumpConsistently(
        _ request: NetlinkMessageWriter, operation: String, subject: String, restart: () -> Void,
        each: (NetlinkMessage) -> Void
    ) throws(KernelError) {
        for _ in 0..<5 {
            restart()
            if try dump(request, operation: operation, subject: subject, each: each) { return }
        }
        throw KernelError(
            .interrupted, operation: operation, subject: subject,
            detail: "the table kept changing during the dump")
    }

    /// Sends a netfilter transaction: `NFNL_MSG_BATCH_BEGIN`, messages, `NFNL_MSG_BATCH_END`, written by the
    /// caller.
    ///
    /// All or nothing. When the kernel refuses, the error's `failedSequences` are the numbers `begin`
    /// returned for the refused messages (the number of the batch's begin when the commit as a whole failed),
    /// and `detail` is the kernel's text about the first. The kernel handles a batch before `send` returns
    /// (net/netfilter/nfnetlink.c), so all answers are read without waiting and silence means success; set
    /// NLM_F_ACK only where it helps.
    public func sendBatch(
        _ batch: NetlinkMessageWriter, operation: String, subject: String
    ) throws(KernelError) {
        guard !batch.isOverflowing else { throw Self.overflow(operation, subject) }
        let failure = requestState.withLock { state -> KernelError? in
            do throws(KernelError) {
                // Answers to an earlier request that timed out must not be taken for answers to this one.
                while try readAnswer(&state) != nil {}
                try sendAll(batch.bytes, state: &state, operation, subject)
                return try collectBatchAnswers(&state, operation, subject)
            } catch {
                return error
            }
        }
        if let failure { throw failure }
    }

    // MARK: Inside

    private static func overflow(_ operation: String, _ subject: String) -> KernelError {
        KernelError(
            .malformed, operation: operation, subject: subject,
            detail: "an attribute is longer than netlink's 65,535 bytes: split the message")
    }

    /// True when the answer was complete, false when a dump was interrupted by changes.
    private func exchange(
        _ request: NetlinkMessageWriter, flags: Int32, operation: String, subject: String,
        each: (NetlinkMessage) -> Void
    ) throws(KernelError) -> Bool {
        guard !request.isOverflowing else { throw Self.overflow(operation, subject) }
        precondition(request.messageCount == 1 && request.bytes.count >= 16, "one message per request")
        let result = requestState.withLock { state -> Result<Bool, KernelError> in
            do throws(KernelError) {
                state.sequence = state.sequence == .max ? 1 : state.sequence + 1
                let sequence = state.sequence
                var bytes = request.bytes
                bytes.withUnsafeMutableBytes { raw in
                    let old = raw.loadUnaligned(fromByteOffset: 6, as: UInt16.self)
                    raw.storeBytes(of: old | UInt16(NLM_F_REQUEST | flags), toByteOffset: 6, as: UInt16.self)
                    raw.storeBytes(of: sequence, toByteOffset: 8, as: UInt32.self)
                    raw.storeBytes(of: portID, toByteOffset: 12, as: UInt32.self)
                }
                try sendAll(bytes, state: &state, operation, subject)
                return .success(try collectAnswer(to: sequence, &state, operation, subject, each))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private func sendAll(
        _ bytes: [UInt8], state: inout RequestState, _ operation: String, _ subject: String
    ) throws(KernelError) {
        // The kernel refuses a datagram larger than the send buffer (EMSGSIZE); it accounts for some overhead
        // too.
        if bytes.count + 4096 > max(state.sendBufferBytes, 65_536) {
            let wanted = Int32(clamping: bytes.count + 65_536)
            if !setOption(SOL_SOCKET, SO_SNDBUFFORCE, wanted) { _ = setOption(SOL_SOCKET, SO_SNDBUF, wanted) }
            state.sendBufferBytes = Int(wanted)
        }
        var address = sockaddr_nl()
        address.nl_family = sa_family_t(AF_NETLINK)
        var count = -1
        repeat {
            count = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                    sendto(
                        descriptor, bytes, bytes.count, 0, generic, socklen_t(MemoryLayout<sockaddr_nl>.size))
                }
            }
        } while count < 0 && Glibc.errno == EINTR
        guard count == bytes.count else { throw .last(operation, subject, detail: "sending the request") }
    }

    /// Reads until the request with this sequence number is acknowledged, its dump is done, or time is up.
    private func collectAnswer(
        to sequence: UInt32, _ state: inout RequestState, _ operation: String, _ subject: String,
        _ each: (NetlinkMessage) -> Void
    ) throws(KernelError) -> Bool {
        let deadline = MonotonicClock.milliseconds + Self.answerTimeoutMilliseconds
        var isConsistent = true
        while true {
            let bytes = try awaitAnswer(&state, deadline: deadline, operation, subject)
            let end = state.buffer.withUnsafeBytes { raw -> Result<Bool, KernelError> in
                var messages = NetlinkMessages(UnsafeRawBufferPointer(rebasing: raw[..<bytes]))
                while let message = messages.next() {
                    guard message.sequence == sequence, message.portID == portID else { continue }
                    if message.flags & UInt16(NLM_F_DUMP_INTR) != 0 { isConsistent = false }
                    guard let errno = Self.endingErrno(message) else {
                        each(message)
                        continue
                    }
                    guard errno != 0 else { return .success(true) }
                    let text = NetlinkAcknowledgement(message)?.text ?? ""
                    return .failure(
                        KernelError(errno: errno, operation: operation, subject: subject, detail: text))
                }
                return .success(false)
            }
            if try end.get() { return isConsistent }
        }
    }

    /// The errno with which a message ends an answer (0 for success); nil for a message that belongs to the
    /// answer.
    private static func endingErrno(_ message: NetlinkMessage) -> Int32? {
        if message.type == UInt16(NLMSG_ERROR) { return NetlinkAcknowledgement(message)?.errno ?? EBADMSG }
        guard message.type == UInt16(NLMSG_DONE) else { return nil }
        // A dump that failed half-way carries a negative errno here (net/netlink/af_netlink.c,
        // netlink_dump_done).
        let code: Int32 = message.payload.number(at: 0) ?? 0
        return code < 0 && code != .min ? -code : 0
    }

    private func awaitAnswer(
        _ state: inout RequestState, deadline: Int64, _ operation: String, _ subject: String
    ) throws(KernelError) -> Int {
        while true {
            switch try readAnswer(&state) {
            case .datagram(let bytes): return bytes
            case .overrun:
                throw KernelError(
                    errno: ENOBUFS, operation: operation, subject: subject, detail: "answers were lost")
            default: break
            }
            let wait = deadline - MonotonicClock.milliseconds
            guard wait > 0 else {
                throw KernelError(
                    errno: ETIMEDOUT, operation: operation, subject: subject,
                    detail: "the kernel did not answer")
            }
            var readable = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            if poll(&readable, 1, Int32(clamping: wait)) < 0, Glibc.errno != EINTR {
                throw .last(operation, subject)
            }
        }
    }

    private func readAnswer(_ state: inout RequestState) throws(KernelError) -> Reception? {
        let result = state.buffer.withUnsafeMutableBytes { raw -> Result<Reception?, KernelError> in
            do throws(KernelError) { return .success(try readOnce(into: raw)) } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Drains the answers to a batch; nil when none of them is a refusal.
    private func collectBatchAnswers(
        _ state: inout RequestState, _ operation: String, _ subject: String
    ) throws(KernelError) -> KernelError? {
        var failed: [UInt32] = []
        var first: NetlinkAcknowledgement?
        var areAnswersLost = false
        while let reception = try readAnswer(&state) {
            guard case .datagram(let bytes) = reception else {
                areAnswersLost = true
                continue
            }
            state.buffer.withUnsafeBytes { raw in
                var messages = NetlinkMessages(UnsafeRawBufferPointer(rebasing: raw[..<bytes]))
                while let message = messages.next() {
                    guard let answer = NetlinkAcknowledgement(message), answer.errno != 0 else { continue }
                    if first == nil { first = answer }
                    if failed.count < 64 { failed.append(answer.sequence) }
                }
            }
        }
        if let first {
            return KernelError(
                errno: first.errno, operation: operation, subject: subject, detail: first.text,
                failedSequences: failed)
        }
        guard areAnswersLost else { return nil }
        return KernelError(
            errno: ENOBUFS, operation: operation, subject: subject, detail: "answers were lost")
    }
}
