// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Standard output, standard error, and what is known of the terminal behind them.
enum Console {
    /// Writes an answer, flushed at once. False when the reader has gone: there is nobody left to tell.
    @discardableResult
    static func write(_ text: String) -> Bool { write(text, to: STDOUT_FILENO) }

    /// Writes what is said about an answer: problems and notes.
    static func write(error text: String) { write(text, to: STDERR_FILENO) }

    @discardableResult
    private static func write(_ text: String, to descriptor: Int32) -> Bool {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EAGAIN {
                // A terminal that another program made non-blocking: wait until it takes more.
                var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&wanted, 1, -1)
                continue
            }
            guard count > 0 || errno == EINTR else { return false }
            rest = rest.dropFirst(max(0, count))
        }
        return true
    }

    /// From now on a reader that goes away makes writing fail, in place of ending the process.
    static func ignoreBrokenPipes() { signal(SIGPIPE, SIG_IGN) }

    static var outputIsTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Whether standard output is a terminal that shows colours: not with NO_COLOR (no-color.org), nor
    /// `TERM=dumb`.
    static var showsColors: Bool {
        outputIsTerminal && (environment("NO_COLOR") ?? "").isEmpty && environment("TERM") != "dumb"
    }

    /// Columns that tables have to fit: COLUMNS, else the terminal's, 40 to 400; nil where neither is known,
    /// as on a pipe: then nothing is cut.
    static var width: Int? {
        var size = winsize()
        let asked = environment("COLUMNS").flatMap { Int($0) }
        let isTerminal = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        return (asked ?? (isTerminal ? Int(size.ws_col) : nil)).map { min(max($0, 40), 400) }
    }

    static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    /// Unix seconds.
    static var now: Int64 { Int64(time(nil)) }
}
