// SPDX-License-Identifier: Apache-2.0

internal import FlowModel
internal import PolicyModel

extension FlowFile {
    /// Reads a file; `-` is standard input.
    ///
    /// - Throws: why it cannot be read.
    static func reading(_ path: String) throws(FileProblem) -> FlowFile {
        let file = try InputFile(path)
        var lines = LineReader(read: file.read)
        return try FlowFile(&lines)
    }

    /// What of the file was left out: a line each, with a line feed.
    func problems(_ name: String) -> String {
        let name = name.escapedForMessage
        var text = reports.map { "\(name):\($0.line): error: \($0.reason.escapedForMessage)\n" }.joined()
        if badLines > 0 {
            let more = badLines > reports.count ? ", of which the first \(reports.count) are shown" : ""
            text += "note: \(name): \(badLines) of its lines are no flows and were left out\(more)\n"
        }
        if linesOverLimit > 0 {
            text +=
                "note: \(name): \(linesOverLimit) flows were left out, as \(Self.maximumFlows) are kept; "
                + "split the file\n"
        }
        return text
    }
}

extension FileFlows.Remarks {
    /// What is not as in the file: a line each, with a line feed.
    func text(_ name: String) -> String {
        let name = name.escapedForMessage
        var text = ""
        if isCoarse {
            text += "note: \(name): times are rounded to windows of \(windowSeconds) seconds\n"
        }
        if tooOld > 0 {
            text +=
                "note: \(name): \(tooOld) flows are too long before the newest one and were left out; "
                + "split the file\n"
        }
        for loss in losses { text += "note: \(name): \(loss.count) left out: \(loss.help)\n" }
        return text
    }
}
