// SPDX-License-Identifier: Apache-2.0

public import LinuxKernel

/// The kernel refused a change of rules. The rules in force are the ones from before, all of them.
public struct NftablesError: Error, Hashable, Sendable {
    /// What was attempted, as a verb phrase: `change rules`.
    public let operation: String
    /// The object whose message was refused: `rule 3 of chain policy-ingress-…`, `set …`.
    public let subject: String
    /// The table it belongs to.
    public let table: String
    /// The kernel's answer.
    public let cause: KernelError
}

extension NftablesError: CustomStringConvertible {
    /// `cannot change rules: the kernel refuses set s1-4 of table vibrissa: File exists (errno 17); the rules
    /// …`
    public var description: String {
        "cannot \(operation): the kernel refuses \(subject) of table \(table): \(cause.message)"
            + (cause.hint.map { "; \($0)" } ?? "") + "; the rules from before stay in force"
    }
}
