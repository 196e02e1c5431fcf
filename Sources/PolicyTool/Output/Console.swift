// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Standard output, standard error, and what is known of the terminal behind them.
public enum Console {
    /// Writes an answer. Ends quietly when the reader has gone.
    public static func write(_ text: String) { write(text, to: STDOUT_FILENO) }

    /// Writes what is said about an answer: problems and notes.
    public static func write(error text: String) { write(text, to: STDERR_FILENO) }

    private static func write(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR else { return }
            rest = rest.dropFirst(max(0, count))
        }
    }

    /// Whether standard output is a terminal that shows colours: not with NO_COLOR (no-color.org), nor `TERM=dumb`.
    static var showsColors: Bool {
        isatty(STDOUT_FILENO) == 1 && (environment("NO_COLOR") ?? "").isEmpty && environment("TERM") != "dumb"
    }

    static var errorsAreOnTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// Columns: COLUMNS, else the terminal's, else `TextStyle.defaultWidth`; 40 to 400.
    static var width: Int {
        var size = winsize()
        let asked = environment("COLUMNS").flatMap { Int($0) }
        let isTerminal = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        return min(max(asked ?? (isTerminal ? Int(size.ws_col) : TextStyle.defaultWidth), 40), 400)
    }

    private static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
