// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Times work by the process's CPU clock: other load on the machine does not count.
enum Measurement {
    static func cpuNanoseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// Runs `body` five times, each doing `count` units of work, and prints the least and the middle time per unit.
    static func report(_ question: String, count: Int, _ body: () -> Void) {
        var samples: [Double] = []
        for _ in 0..<5 {
            let start = cpuNanoseconds()
            body()
            samples.append(Double(cpuNanoseconds() - start) / Double(count))
        }
        samples.sort()
        print("\(question): min \(text(samples[0])), median \(text(samples[2]))")
    }

    private static func text(_ nanoseconds: Double) -> String {
        switch nanoseconds {
        case ..<1_000: "\(rounded(nanoseconds)) ns"
        case ..<1_000_000: "\(rounded(nanoseconds / 1_000)) µs"
        default: "\(rounded(nanoseconds / 1_000_000)) ms"
        }
    }

    private static func rounded(_ value: Double) -> Double { (value * 10).rounded() / 10 }
}

/// Keeps the optimiser from removing work whose result nobody uses.
@inline(never)
func consume<Value>(_ value: Value) {}
