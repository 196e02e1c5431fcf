// SPDX-License-Identifier: Apache-2.0

/// How often, and after which pauses, a request that failed is sent again.
public struct EmissionRetry: Hashable, Sendable {
    /// Before the first retry; each further pause is twice the one before.
    public var firstPause: Duration
    public var longestPause: Duration
    /// Retries of one request, after the first try.
    public var maximumRetries: Int

    public init(
        firstPause: Duration = .seconds(1), longestPause: Duration = .seconds(30), maximumRetries: Int = 15
    ) {
        precondition(maximumRetries >= 0, "maximumRetries is not negative")
        self.firstPause = firstPause
        self.longestPause = longestPause
        self.maximumRetries = maximumRetries
    }

    /// How long to wait after this many failures of one request; nil: give it up.
    func pause(afterFailures failures: Int) -> Duration? {
        guard failures <= maximumRetries else { return nil }
        var pause = firstPause
        var doublings = failures - 1
        while doublings > 0, pause < longestPause {
            pause *= 2
            doublings -= 1
        }
        return min(pause, longestPause)
    }
}
