// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// The lines of a file or of standard input, one after the other, with a bound on each.
struct LineReader {
    /// Bytes of a line. A flow with the longest traces that a store keeps has a tenth of it.
    static let maximumLine = 1 << 20

    enum Line {
        case bytes(ArraySlice<UInt8>)
        /// It has more than `maximumLine` bytes, which were passed over.
        case tooLong
    }

    private let read: () throws(FileProblem) -> [UInt8]
    private var buffer: [UInt8] = []
    private var position = 0
    private var isAtEnd = false

    /// `read` gives the next bytes; none at the end.
    init(read: @escaping () throws(FileProblem) -> [UInt8]) { self.read = read }

    /// The next line without its line feed; nil at the end.
    mutating func next() throws(FileProblem) -> Line? {
        var isTooLong = false
        var searched = position
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { position = end + 1 }
                return isTooLong || end - position > Self.maximumLine
                    ? .tooLong : .bytes(buffer[position..<end])
            }
            if buffer.count - position > Self.maximumLine {
                isTooLong = true
                position = buffer.count
            }
            guard !isAtEnd else {
                defer { position = buffer.count }
                return isTooLong ? .tooLong : position < buffer.count ? .bytes(buffer[position...]) : nil
            }
            buffer.removeFirst(position)
            position = 0
            searched = buffer.count
            let more = try read()
            isAtEnd = more.isEmpty
            buffer += more
        }
    }
}

/// Why a file cannot be read.
struct FileProblem: Error, CustomStringConvertible {
    let description: String
}

/// A file that is open for reading; `-` is standard input.
final class InputFile {
    private let descriptor: Int32

    init(_ path: String) throws(FileProblem) {
        descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw FileProblem(description: "it cannot be opened: \(String(cString: strerror(errno)))")
        }
    }

    deinit {
        if descriptor != STDIN_FILENO { close(descriptor) }
    }

    /// The next bytes; none at the end.
    func read() throws(FileProblem) -> [UInt8] {
        var chunk = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count >= 0 { return Array(chunk[..<count]) }
            guard errno == EINTR else {
                throw FileProblem(description: "it cannot be read: \(String(cString: strerror(errno)))")
            }
        }
    }
}
