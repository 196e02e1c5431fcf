// SPDX-License-Identifier: Apache-2.0

/// How often, and after which pauses, a request that failed is sent again.
public struct EmissionRetry: Hashable, Sendable {
    /// Before the first retry; each further pause is twice the one before.
    public var firstPause: Duration
    public var longestPause: Duration
    /// Retries of one request, after the first try.
    public var maximumRetries: Int
    /// The greatest part of a pause that chance adds to it, 0 to 1: senders that failed together do not come
    /// back together.
    public var jitter: Double

    public init(
        firstPause: Duration = .seconds(1), longestPause: Duration = .seconds(30), maximumRetries: Int = 15,
        jitter: Double = 0.25
    ) {
        precondition(maximumRetries >= 0, "maximumRetries is not negative")
        precondition((0...1).contains(jitter), "jitter is 0 to 1")
        self.firstPause = firstPause
        self.longestPause = longestPause
        self.maximumRetries = maximumRetries
        self.jitter = jitter
    }

    /// How long to wait after this many failures of one request; nil: give it up. `chance` is 0 to 1.
    func pause(afterFailures failures: Int, chance: Double) -> Duration? {
        guard failures <= maximumRetries else { return nil }
        var pause = firstPause
        var doublings = failures - 1
        while doublings > 0, pause < longestPause {
            pause *= 2
            doublings -= 1
        }
        return min(pause, longestPause) * (1 + jitter * chance)
    }
}
