// SPDX-License-Identifier: Apache-2.0

/// Why the lab cannot start, for a person at a terminal.
struct LabProblem: Error {
    let message: String
    /// 1: it failed. 77: this machine lacks something.
    var exitCode: Int32 = 1

    /// What this machine lacks, and the way without it.
    static func missing(_ requirements: [String]) -> LabProblem {
        LabProblem(
            message: """
                the lab cannot run on this machine as it is:
                \(requirements.map { "  - \($0)" }.joined(separator: "\n"))
                With --simulate it runs without privileges: the engine decides instead of the kernel.
                """,
            exitCode: 77)
    }
}
