// SPDX-License-Identifier: Apache-2.0

/// Counts as a person reads them: three digits that matter.
enum Quantity {
    /// `999`, `1.2k`, `34M`: powers of 1,000.
    static func count(_ value: UInt64) -> String {
        short(value, base: 1_000, units: ["", "k", "M", "G", "T", "P", "E"])
    }

    /// `512B`, `1.5KiB`, `0.9MiB`: powers of 1,024.
    static func bytes(_ value: UInt64) -> String {
        short(value, base: 1_024, units: ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"])
    }

    private static func short(_ value: UInt64, base: UInt64, units: [String]) -> String {
        var (whole, rest, unit) = (value, UInt64(0), 0)
        // Three digits at most, so that columns stay narrow.
        while whole >= 1_000, unit + 1 < units.count {
            rest = whole % base
            whole /= base
            unit += 1
        }
        // Rounded down: a tenth that is shown is there.
        let tenth = unit > 0 && whole < 10 ? ".\(rest * 10 / base)" : ""
        return "\(whole)\(tenth)\(units[unit])"
    }
}
