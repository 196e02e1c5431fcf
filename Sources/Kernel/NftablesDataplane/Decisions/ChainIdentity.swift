// SPDX-License-Identifier: Apache-2.0

public import PolicyModel

/// What a log event of the kernel means.
public enum LoggedOutcome: Hashable, Sendable {
    /// A policy's or profile's rule, or the end of a tier or of the profiles, decided.
    case decision(RuleDecision)
    /// Dropped before policy: the interface is a workload's by its name, but no endpoint is known for it.
    case unknownWorkload(Direction)
    /// Dropped before policy: a workload sent VXLAN or IP-in-IP (policy semantics 3.4).
    case tunnelFromWorkload
}

/// Names one form of one chain in log prefixes.
struct ChainIdentity: Hashable, Sendable {
    /// Number of the chain, the same as long as the data plane knows the chain's name; never given twice.
    let chain: UInt32
    /// Generation of the program in which the chain got its present rules.
    let generation: UInt64
}

/// The prefix of a log event: `v1|instance|chain|position|generation`, all numbers decimal but the instance.
///
/// The instance tells events of rules that an earlier process left in the kernel from ours: after a restart
/// the same chain number may mean something else. At most 4 + 9 + 11 + 11 + 20 bytes, far below
/// NF_LOG_PREFIXLEN (128).
struct DecisionPrefix: Hashable, Sendable {
    let instance: UInt32
    let identity: ChainIdentity
    let position: Int

    var text: String {
        "v1|\(String(instance, radix: 16))|\(identity.chain)|\(position)|\(identity.generation)"
    }

    init(instance: UInt32, identity: ChainIdentity, position: Int) {
        self.instance = instance
        self.identity = identity
        self.position = position
    }

    /// Parses `text`; nil for anything else. Does not allocate.
    init?(_ bytes: some Sequence<UInt8>) {
        var reader = Reader(bytes)
        guard reader.takes("v"), reader.takes("1"), reader.takes("|"),
            let instance = reader.number(radix: 16, isLast: false).flatMap(UInt32.init(exactly:)),
            let chain = reader.number(isLast: false).flatMap(UInt32.init(exactly:)),
            let position = reader.number(isLast: false).flatMap(Int.init(exactly:)),
            let generation = reader.number(isLast: true)
        else { return nil }
        self.init(
            instance: instance, identity: ChainIdentity(chain: chain, generation: generation),
            position: position)
    }

    private struct Reader<Iterator: IteratorProtocol<UInt8>> {
        var iterator: Iterator

        init<Bytes: Sequence<UInt8>>(_ bytes: Bytes) where Bytes.Iterator == Iterator {
            iterator = bytes.makeIterator()
        }

        mutating func takes(_ character: Unicode.Scalar) -> Bool {
            iterator.next() == UInt8(ascii: character)
        }

        /// Digits up to the next bar, or up to the end; nil when there are none, others, or too many.
        mutating func number(radix: UInt64 = 10, isLast: Bool) -> UInt64? {
            var value: UInt64 = 0
            var hasDigits = false
            while let byte = iterator.next() {
                if byte == UInt8(ascii: "|") { return !isLast && hasDigits ? value : nil }
                let digit: UInt64
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = UInt64(byte - UInt8(ascii: "0"))
                case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = UInt64(byte - UInt8(ascii: "a")) + 10
                default: return nil
                }
                let (product, isTooLong) = value.multipliedReportingOverflow(by: radix)
                let (sum, isTooLarge) = product.addingReportingOverflow(digit)
                guard digit < radix, !isTooLong, !isTooLarge else { return nil }
                value = sum
                hasDigits = true
            }
            return isLast && hasDigits ? value : nil
        }
    }
}
