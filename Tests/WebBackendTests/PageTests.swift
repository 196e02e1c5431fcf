// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import Testing
import WebBackend

@Suite("The page and who may ask for it")
struct PageTests {
    static let securityHeaders = [
        "content-security-policy":
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
            + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "x-frame-options": "DENY",
        "cross-origin-opener-policy": "same-origin", "cross-origin-resource-policy": "same-origin",
    ]

    @Test(
        "security headers are on every answer",
        arguments: [
            "/", "/nothing", "/api/v1/status", "/api/v1/nothing", "/whisker-backend/flows",
            "/whisker-backend/flows?page=x", "/favicon.svg",
        ])
    func headers(path: String) async throws {
        try await withConsole { console in
            let reply = try await console.get(path)
            for (name, value) in Self.securityHeaders { #expect(reply.headers[name] == value) }
        }
    }

    @Test(
        "only requests that name this machine are answered",
        arguments: [
            (host: "localhost", status: 200), (host: "LOCALHOST:8080", status: 200),
            (host: "127.0.0.1:1", status: 200),
            (host: "[::1]:8080", status: 200), (host: "[::1]", status: 200),
            (host: "evil.example", status: 421),
            (host: "localhost.evil.example", status: 421), (host: "127.0.0.1.evil.example:80", status: 421),
            (host: "localhost:80@evil.example", status: 421), (host: "[::1", status: 421),
            (host: "[::1]x", status: 421),
            (host: "10.0.0.1", status: 421), (host: "", status: 400),
        ])
    func hosts(host: String, status: Int) async throws {
        try await withConsole { console in
            let api = try await console.get("/api/v1/status", host: host)
            #expect(api.status == status)
            let page = try await console.get("/", host: host)
            #expect(page.status == status)
        }
    }

    @Test(
        "addresses that are not loopback are refused",
        arguments: ["0.0.0.0", "10.1.2.3", "::", "example.org", ""])
    func listenAddresses(address: String) {
        #expect(throws: ConsoleError.self) {
            try ConsoleServer(
                querying: NoFlows(), status: FixedStatus(), configuration: .init(address: address),
                logger: Logger(label: "test"))
        }
    }

    @Test("a port that is taken is said so")
    func takenPort() async throws {
        try await withConsole { console in
            let second = try ConsoleServer(
                querying: NoFlows(), status: FixedStatus(), configuration: .init(port: console.port),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            await #expect(throws: ConsoleError.self) { try await second.run() }
            #expect(await second.boundPort == nil)
        }
    }

    @Test(
        "no address leads out of the page's folder",
        arguments: [
            "/../Package.swift", "/..%2fsecret.txt", "/%2e%2e/secret.txt", "/model/../../secret.txt",
            "//etc/passwd",
            "/./index.html", "/.hidden.txt", "/sub/.hidden/x.txt", "/%00", "/index.html%00.js",
            "/link.txt/..",
            "/sub", "/sub/", "/unknown.kind", "/..\\secret.txt",
        ])
    func traversal(path: String) async throws {
        try await withFolder { folder in
            try await withConsole(webFolder: folder) { console in
                let reply = try await console.get(path)
                #expect(reply.status == 404)
                #expect(!reply.text.contains("secret content"))
            }
        }
    }

    @Test("a target that is not a path is refused", arguments: ["*", "index.html", "?x"])
    func targets(target: String) async throws {
        try await withConsole { console in
            let reply = try await console.get(target)
            #expect(reply.status == 400)
        }
    }

    @Test(
        "files have their type and are revalidated by their content",
        arguments: [
            ("/", "text/html; charset=utf-8"), ("/index.html", "text/html; charset=utf-8"),
            ("/sub/a.js", "text/javascript; charset=utf-8"), ("/a.css", "text/css; charset=utf-8"),
            ("/a.svg", "image/svg+xml"),
        ])
    func files(path: String, type: String) async throws {
        try await withFolder { folder in
            try await withConsole(webFolder: folder) { console in
                let first = try await console.get(path)
                #expect(first.status == 200)
                #expect(first.headers["content-type"] == type)
                #expect(first.headers["cache-control"] == "no-cache")
                let tag = try #require(first.headers["etag"])
                let second = try await console.get(path, headers: ["If-None-Match: \"x\", W/\(tag)"])
                #expect(second.status == 304)
                #expect(second.body.isEmpty)
                #expect(second.headers["etag"] == tag)
            }
        }
    }

    @Test("an edited file is served as it is now")
    func editing() async throws {
        try await withFolder { folder in
            try await withConsole(webFolder: folder) { console in
                #expect(try await console.get("/a.css").text == "old")
                try Data("new".utf8).write(to: URL(filePath: "\(folder)/a.css"))
                let later = Date(timeIntervalSinceNow: 5)
                try FileManager.default.setAttributes(
                    [.modificationDate: later], ofItemAtPath: "\(folder)/a.css")
                #expect(try await console.get("/a.css").text == "new")
            }
        }
    }

    @Test("the page that is built in is found")
    func builtIn() async throws {
        try await withConsole { console in
            let reply = try await console.get("/")
            #expect(reply.status == 200)
            #expect(reply.text.contains("<!doctype html>"))
        }
    }

    @Test("a folder without a page is refused")
    func missingPage() {
        #expect(throws: ConsoleError.self) {
            try ConsoleServer(
                querying: NoFlows(), status: FixedStatus(), configuration: .init(webFolder: "/nonexistent"),
                logger: Logger(label: "test"))
        }
    }

    /// A folder with a page, files that must not be served, and a secret beside it.
    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "console-\(UUID().uuidString)")
        let web = root.appending(path: "web")
        defer { try? FileManager.default.removeItem(at: root) }
        try FileManager.default.createDirectory(
            at: web.appending(path: "sub/.hidden"), withIntermediateDirectories: true)
        let files = [
            "web/index.html": "<p>page", "web/a.css": "old", "web/a.svg": "<svg/>", "web/sub/a.js": "1",
            "web/.hidden.txt": "secret content", "web/sub/.hidden/x.txt": "secret content",
            "web/unknown.kind": "secret content", "secret.txt": "secret content",
        ]
        for (name, text) in files { try Data(text.utf8).write(to: root.appending(path: name)) }
        try await body(web.path)
    }
}
