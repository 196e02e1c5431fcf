// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Times work by the process's CPU clock: other load on the machine does not count.
enum Measurement {
    /// Set from `--only`: part of the names of what is measured.
    nonisolated(unsafe) static var filter = ""
    /// The filter must be the whole name.
    nonisolated(unsafe) static var isExact = false
    /// Set from `--instructions`: each body runs once, inside the function that callgrind counts.
    nonisolated(unsafe) static var countsInstructions = false

    static func cpuNanoseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    static func isWanted(_ question: String) -> Bool {
        isExact ? question == filter : filter.isEmpty || question.contains(filter)
    }

    /// Runs `body` five times, each doing `count` units of work, and prints the least and the middle time per unit.
    static func report(_ question: String, count: Int, _ body: () -> Void) {
        guard isWanted(question) else { return }
        if countsInstructions {
            measuredWork(body)
            print("\(question): \(count) units")
            return
        }
        var samples: [Double] = []
        for _ in 0..<5 {
            let start = cpuNanoseconds()
            body()
            samples.append(Double(cpuNanoseconds() - start) / Double(count))
        }
        print(question, samples)
    }

    /// Times single units with `prepare` before each, outside the clock.
    static func reportEach(_ question: String, count: Int, prepare: (Int) -> Void, _ body: (Int) -> Void) {
        guard isWanted(question) else { return }
        if countsInstructions {
            for index in 0..<count {
                prepare(index)
                measuredWork { body(index) }
            }
            print("\(question): \(count) units")
            return
        }
        var samples: [Double] = []
        for index in 0..<count {
            prepare(index)
            let start = cpuNanoseconds()
            body(index)
            samples.append(Double(cpuNanoseconds() - start))
        }
        print(question, samples)
    }

    private static func print(_ question: String, _ samples: [Double]) {
        let sorted = samples.sorted()
        Swift.print("\(question): min \(text(sorted[0])), median \(text(sorted[sorted.count / 2]))")
    }

    private static func print(_ line: String) { Swift.print(line) }

    private static func text(_ nanoseconds: Double) -> String {
        switch nanoseconds {
        case ..<1_000: "\(rounded(nanoseconds)) ns"
        case ..<1_000_000: "\(rounded(nanoseconds / 1_000)) µs"
        default: "\(rounded(nanoseconds / 1_000_000)) ms"
        }
    }

    private static func rounded(_ value: Double) -> Double { (value * 10).rounded() / 10 }

    /// Gives free memory back to the system, so that what is resident is in use. glibc's header of it is not imported.
    static func returnFreeMemory() {
        typealias Trim = @convention(c) (Int) -> Int32
        guard let symbol = dlsym(nil, "malloc_trim") else { return }
        _ = unsafeBitCast(symbol, to: Trim.self)(0)
    }

    /// Resident memory of the process in MiB, from /proc/self/statm.
    static func residentMebibytes() -> Double {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var pages: (Int, Int) = (0, 0)
        _ = withUnsafeMutablePointer(to: &pages.0) { first in
            withUnsafeMutablePointer(to: &pages.1) { second in
                withVaList([first, second]) { vfscanf(file, "%ld %ld", $0) }
            }
        }
        return Double(pages.1 * Int(sysconf(Int32(_SC_PAGESIZE)))) / 1_048_576
    }
}

/// Keeps the optimiser from removing work whose result nobody uses.
@inline(never)
func consume<Value: ~Copyable>(_ value: borrowing Value) {}

/// What `scripts/bench --instructions` counts: callgrind collects inside this function only.
@inline(never)
func measuredWork(_ body: () -> Void) { body() }
