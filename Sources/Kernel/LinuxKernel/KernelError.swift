// SPDX-License-Identifier: Apache-2.0

internal import CLinuxABI
internal import Glibc

/// Why the kernel refused something: what was attempted, on which object, and what to try.
public struct KernelError: Error, Sendable, Hashable {
    /// What kind of failure it was, for callers that branch on it. Extensible: treat unknown codes as
    /// `systemCall`.
    public struct Code: RawRepresentable, Hashable, Sendable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// Any refusal without a code of its own.
        public static let systemCall = Code(rawValue: "system-call")
        /// EPERM or EACCES: a capability is missing.
        public static let permission = Code(rawValue: "permission")
        /// Bytes that break their format, from the kernel or from the caller.
        public static let malformed = Code(rawValue: "malformed")
        /// The kernel lacks the feature (module not built or not loaded).
        public static let notSupported = Code(rawValue: "not-supported")
        /// No answer before the deadline.
        public static let timeout = Code(rawValue: "timeout")
        /// EEXIST: the object is already there.
        public static let exists = Code(rawValue: "exists")
        /// ENOENT, ENODEV, ESRCH or ENXIO: the object is not there.
        public static let notFound = Code(rawValue: "not-found")
        /// EBUSY or EADDRINUSE: somebody else holds the object.
        public static let busy = Code(rawValue: "busy")
        /// A dump that changes interrupted again and again.
        public static let interrupted = Code(rawValue: "interrupted")
        /// ENOBUFS while waiting for an answer: replies were lost, the outcome is unknown.
        public static let overrun = Code(rawValue: "overrun")
    }

    /// The kind of failure.
    public let code: Code
    /// What was attempted, as a verb phrase: `create link`.
    public let operation: String
    /// The object it was attempted on: an interface, a path, a group. May be empty.
    public let subject: String
    /// The kernel's error number (errno.h); 0 when the kernel reported none.
    public let errno: Int32
    /// More about the cause, such as the kernel's extended acknowledgement text. May be empty.
    public let detail: String
    /// Sequence numbers of the refused messages of a batch, in the kernel's order, at most 64.
    public let failedSequences: [UInt32]

    /// Sequence number of the first refused message of a batch (`NetlinkMessageWriter.begin` returned it).
    public var sequence: UInt32? { failedSequences.first }

    public init(
        _ code: Code, operation: String, subject: String, errno: Int32 = 0, detail: String = "",
        failedSequences: [UInt32] = []
    ) {
        self.code = code
        self.operation = operation
        self.subject = subject
        self.errno = errno
        self.detail = detail
        self.failedSequences = failedSequences
    }

    /// An error whose code follows from `errno`.
    public init(
        errno: Int32, operation: String, subject: String, detail: String = "", failedSequences: [UInt32] = []
    ) {
        self.init(
            Self.code(for: errno), operation: operation, subject: subject, errno: errno, detail: detail,
            failedSequences: failedSequences)
    }

    /// The error of the system call that just failed on this thread.
    static func last(_ operation: String, _ subject: String, detail: String = "") -> KernelError {
        KernelError(errno: Glibc.errno, operation: operation, subject: subject, detail: detail)
    }

    /// The same failure, told in the caller's terms.
    public func during(_ operation: String, _ subject: String) -> KernelError {
        KernelError(
            code, operation: operation, subject: subject, errno: errno, detail: detail,
            failedSequences: failedSequences)
    }

    private static func code(for errno: Int32) -> Code {
        switch errno {
        case EPERM, EACCES: .permission
        case EEXIST: .exists
        case ENOENT, ENODEV, ESRCH, ENXIO: .notFound
        case EOPNOTSUPP, EAFNOSUPPORT, EPROTONOSUPPORT, ENOSYS: .notSupported
        case ETIMEDOUT: .timeout
        case EBUSY, EADDRINUSE: .busy
        case ENOBUFS: .overrun
        default: .systemCall
        }
    }
}

extension KernelError: CustomStringConvertible {
    /// Why it failed: the kernel's own words, then its error number in words.
    public var message: String {
        let number = errno == 0 ? "" : "\(String(cString: linuxabi_error_text(errno))) (errno \(errno))"
        let reasons = [detail, number].filter { !$0.isEmpty }
        return reasons.isEmpty ? code.rawValue : reasons.joined(separator: ": ")
    }

    /// What the person reading this can try; nil when there is no general advice.
    public var hint: String? {
        switch code {
        case .permission:
            "this needs CAP_NET_ADMIN, and CAP_SYS_ADMIN for namespaces: run as root or grant them"
        case .notSupported: "the kernel lacks this feature: load its module or use a kernel that has it"
        case .exists: "delete the existing object, or choose another name"
        case .busy: "another process holds it: stop that process or choose another"
        case .timeout, .overrun: "the outcome is unknown: read the state back and try again"
        default: nil
        }
    }

    /// `cannot create link "vbr0a1b2c3d": File exists (errno 17); delete the existing object, or ...`
    public var description: String {
        let object = subject.isEmpty ? "" : " \"\(subject)\""
        let at = failedSequences.isEmpty ? "" : " (message \(failedSequences[0]) of the batch)"
        return "cannot \(operation)\(object)\(at): \(message)" + (hint.map { "; \($0)" } ?? "")
    }
}
