// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import Hummingbird
import Synchronization

/// The files of the page. They are found once, at the start: a request only ever looks into that table, so no
/// address leads to another file. A file that was edited since is read again.
final class StaticFiles: Sendable {
    private struct File {
        var path: String
        var contentType: String
        var entityTag: String
        var modified: Date?
        var content: ByteBuffer
    }

    private static let maximumFileBytes = 8_388_608
    private static let contentTypes = [
        "html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8",
        "mjs": "text/javascript; charset=utf-8",
        "css": "text/css; charset=utf-8", "svg": "image/svg+xml", "png": "image/png", "ico": "image/x-icon",
        "json": "application/json; charset=utf-8", "webmanifest": "application/manifest+json",
        "txt": "text/plain; charset=utf-8", "woff2": "font/woff2",
    ]

    private let files: Mutex<[String: File]>

    /// Reads all files of a folder whose kind is known, hidden ones left out.
    init(folder: String) throws(ConsoleError) {
        var files: [String: File] = [:]
        for name in FileManager.default.enumerator(atPath: folder)?.compactMap({ $0 as? String }) ?? [] {
            let parts = name.split(separator: "/")
            guard let contentType = Self.contentTypes[String(name.split(separator: ".").last ?? "")],
                !parts.contains(where: { $0.hasPrefix(".") }),
                let file = Self.read("\(folder)/\(name)", contentType)
            else { continue }
            files["/\(name)"] = file
        }
        guard let index = files["/index.html"] else {
            throw ConsoleError(
                code: .pageMissing, operation: "read", subject: "\(folder)/index.html",
                message:
                    "the files of the web console are missing; build again or give the folder that has them")
        }
        files["/"] = index
        self.files = Mutex(files)
    }

    /// The file at a path, or 304 when the client has it, or 404.
    func response(path: String, ifNoneMatch: String?) -> Response {
        guard let file = current(path) else {
            return RequestProblem(.notFound, "there is nothing at \(path.prefix(200))").response
        }
        let headers: HTTPFields = [
            .contentType: file.contentType, .eTag: file.entityTag, .cacheControl: "no-cache",
        ]
        if let ifNoneMatch, Self.matches(ifNoneMatch, file.entityTag) {
            var response = Response(status: .notModified, headers: headers)
            response.headers[.contentLength] = nil
            return response
        }
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: file.content))
    }

    /// The file as it is on disk now. The look at its date is a `stat` of a file that is in the page cache.
    private func current(_ path: String) -> File? {
        guard let known = files.withLock({ $0[path] }) else { return nil }
        guard let modified = Self.modified(known.path), modified != known.modified,
            let file = Self.read(known.path, known.contentType)
        else { return known }
        files.withLock { $0[path] = file }
        return file
    }

    private static func matches(_ header: String, _ entityTag: String) -> Bool {
        header.split(separator: ",").contains { candidate in
            let tag = candidate.drop { $0 == " " }.prefix { $0 != " " }
            return tag == "*" || tag == entityTag || tag == "W/\(entityTag)"
        }
    }

    /// Nil when the file is gone, too large or not readable: it is then not served.
    private static func read(_ path: String, _ contentType: String) -> File? {
        let modified = modified(path)
        guard let data = FileManager.default.contents(atPath: path), data.count <= maximumFileBytes else {
            return nil
        }
        return File(
            path: path, contentType: contentType, entityTag: "\"\(contentHash(data))\"", modified: modified,
            content: ByteBuffer(bytes: data))
    }

    private static func modified(_ path: String) -> Date? {
        // Nil: gone, and then the last content is served.
        try? FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
    }

    /// FNV-1a, 64 bits: tells versions of a file apart, protects against nothing.
    private static func contentHash(_ data: Data) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in data { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        return String(hash, radix: 16)
    }
}
