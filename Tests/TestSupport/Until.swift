// SPDX-License-Identifier: Apache-2.0

/// Looks again and again until a condition holds, and leaves the processors to others in between. What waits for ever
/// is ended by the test's time limit.
public func until(_ condition: () -> Bool) async {
    // Cancelled: the test is over.
    while !condition(), !Task.isCancelled { try? await Task.sleep(for: .milliseconds(2)) }
}
