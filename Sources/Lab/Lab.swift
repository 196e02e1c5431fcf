// SPDX-License-Identifier: Apache-2.0
//
// Lab: a cluster on one machine. What lives here: the shop (`shop/`: manifests and scenarios), the part of a
// control plane that the shop needs (`Cluster/`: pod and Service addresses, endpoint slices), its wires
// (`Network/`: network namespaces, veth pairs, routes), the workloads as real processes (`Workload/`,
// `Processes/`) or as simulated connection attempts (`Simulation/`), and the stories that change manifests
// and traffic (`Scenarios/`).
//
// What must not live here: policy decisions, nftables, flows, HTTP, argument parsing of the CLI. The lab
// produces cluster changes and traffic; everything that explains or enforces them is the product itself.

/// Why the lab could not do something: what was attempted, on which object, why it failed, what to try.
public struct LabError: Error, Sendable, Hashable {
    /// What kind of failure it was. Extensible: treat unknown codes as `failed`.
    public struct Code: RawRepresentable, Hashable, Sendable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// Any failure without a code of its own.
        public static let failed = Code(rawValue: "failed")
        /// Another lab holds the machine.
        public static let alreadyRunning = Code(rawValue: "already-running")
        /// The directory holds files that are not the lab's to replace.
        public static let directoryInUse = Code(rawValue: "directory-in-use")
        /// A scenario's expectation did not come true in time.
        public static let expectationFailed = Code(rawValue: "expectation-failed")
    }

    /// The kind of failure.
    public let code: Code
    /// What was attempted, as a verb phrase.
    public let operation: String
    /// The object it was attempted on; may be empty.
    public let subject: String
    /// Why it failed.
    public let message: String
    /// What the person reading this can try; may be empty.
    public let hint: String

    public init(
        _ code: Code = .failed, operation: String, subject: String = "", message: String, hint: String = ""
    ) {
        self.code = code
        self.operation = operation
        self.subject = subject
        self.message = message
        self.hint = hint
    }
}

extension LabError: CustomStringConvertible {
    /// `cannot start lab: a lab is already running (process 4711, console http://...); stop it first`
    public var description: String {
        let object = subject.isEmpty ? "" : " \"\(subject)\""
        return "cannot \(operation)\(object): \(message)" + (hint.isEmpty ? "" : "; \(hint)")
    }
}
