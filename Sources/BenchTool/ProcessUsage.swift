// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc

/// What a process has used, as the kernel tells (proc(5)).
struct ProcessUsage: Sendable {
    /// User and system, to a hundredth of a second.
    var cpuSeconds: Double
    var residentBytes: Int64
    /// The most that was resident.
    var peakBytes: Int64

    /// Nil when there is no such process.
    init?(pid: Int32) {
        guard let stat = Self.text("/proc/\(pid)/stat"), let status = Self.text("/proc/\(pid)/status") else {
            return nil
        }
        // The name in parentheses may hold anything; after it come the state and numbers.
        let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else {
            return nil
        }
        cpuSeconds = (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
        residentBytes = Self.kilobytes("VmRSS:", status) * 1_024
        peakBytes = Self.kilobytes("VmHWM:", status) * 1_024
    }

    private static func kilobytes(_ name: String, _ status: String) -> Int64 {
        let line = status.split(separator: "\n").first { $0.hasPrefix(name) }
        return line?.split(whereSeparator: { " \t".contains($0) }).dropFirst().first.flatMap { Int64($0) }
            ?? 0
    }

    private static func text(_ path: String) -> String? {
        // Files of the kernel have no size, so they are read to their end.
        guard let file = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? file.close() }
        return (try? file.readToEnd()).flatMap { $0 }.map { String(decoding: $0, as: UTF8.self) }
    }
}
