// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Waiting for a key at the terminal.
public enum TerminalPrompt {
    /// Waits for a line on standard input. False at its end, or when the line is `q`. Ends early, with false,
    /// when the task is cancelled.
    @Sendable public static func waitForEnter() async -> Bool {
        while !Task.isCancelled {
            do {
                if let line = try await LabThread.run(pollLine) { return line != "q" && !line.isEmpty }
            } catch {
                return false
            }
        }
        return false
    }

    /// One line without surrounding blanks, `enter` for an empty one, empty at the end of input; nil when
    /// there was none for half a second.
    @Sendable private static func pollLine() -> String? {
        var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        guard poll(&input, 1, 500) > 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = read(STDIN_FILENO, &bytes, bytes.count)
        if count < 0, errno == EINTR || errno == EAGAIN { return nil }
        guard count > 0 else { return "" }
        let text = String(decoding: bytes[..<count].filter { $0 > 0x20 }, as: UTF8.self)
        return text.isEmpty ? "enter" : text
    }
}
