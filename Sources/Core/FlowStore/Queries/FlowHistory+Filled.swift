// SPDX-License-Identifier: Apache-2.0

extension FlowHistory {
    /// Starts of the windows that hold flows and lie wholly in a range of Unix seconds, oldest first. At most
    /// `windowCount`. For exporters, which plan with it what to send.
    ///
    /// Complexity: O(windows); no flow is looked at.
    public func filledWindows(from: Int64, before: Int64) -> [Int64] {
        windows(from: from, endingBy: before).map(\.startSeconds)
    }
}
