// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// CLOCK_MONOTONIC, for deadlines only.
enum MonotonicClock {
    /// Milliseconds since an arbitrary start; never goes back.
    static var milliseconds: Int64 {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }
}
