// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
internal import NetworkModel
internal import PolicyModel

/// Which server to ask, and how to trust it.
public struct FlowServerOptions: ParsableArguments, Sendable {
    /// Where to look when nothing is said.
    public static let standardServer = "127.0.0.1:7443"
    /// Names the server when `--server` does not.
    public static let variable = "VIBRISSA_SERVER"

    @Option(
        name: .customLong("server"),
        help: ArgumentHelp(
            "The server to ask: HOST:PORT, or HOST for port 7443; IPv6 in brackets.",
            discussion: "Default: $\(Self.variable), else \(Self.standardServer).", valueName: "address"))
    var serverArgument: ServerAddress?

    @Option(
        help: ArgumentHelp(
            "PEM file of the authority that the server's certificate is of.", valueName: "file"))
    public var ca: String?

    @Option(help: ArgumentHelp("PEM file of the certificate to show. Needs --key.", valueName: "file"))
    public var cert: String?

    @Option(help: ArgumentHelp("PEM file of that certificate's key. Needs --cert.", valueName: "file"))
    public var key: String?

    @Option(
        help: ArgumentHelp(
            "The name in the server's certificate, if it is not the host of --server.", valueName: "name"))
    public var serverName: String?

    @Flag(help: "Without TLS: everyone on the way can read and change the answers.")
    public var insecure = false

    @Option(
        name: .customLong("timeout"),
        help: ArgumentHelp("How long to wait for the server to answer: 500ms to 1h.", valueName: "duration"))
    var timeoutArgument = TimeoutArgument.standard

    public init() {}

    /// Host and port.
    public var server: (host: String, port: Int) {
        let address = serverArgument ?? Self.ofEnvironment ?? ServerAddress.standard
        return (address.host, address.port)
    }

    /// How long an answer, or the beginning of a stream, may take.
    public var timeout: Duration { timeoutArgument.duration }

    private static var ofEnvironment: ServerAddress? {
        Console.environment(variable).flatMap { ServerAddress(argument: $0) }
    }

    public func validate() throws {
        guard (cert == nil) == (key == nil) else {
            throw ValidationError("--cert and --key are a pair: give both, or neither")
        }
        if insecure, ca != nil || cert != nil || serverName != nil {
            throw ValidationError(
                "--insecure is without TLS; leave out --ca, --cert, --key and --server-name, or --insecure")
        }
        if serverArgument == nil, let text = Console.environment(Self.variable), !text.isEmpty,
            ServerAddress(argument: text) == nil
        {
            throw ValidationError(
                "\(Self.variable) is \(text.quotedForMessage), which is no HOST:PORT; "
                    + "correct it, or use --server"
            )
        }
    }
}

/// `HOST:PORT`, `HOST`, `[IPV6]:PORT`, `[IPV6]`.
struct ServerAddress: ExpressibleByArgument, Hashable, Sendable {
    static let standardPort = 7_443
    static let standard = ServerAddress(host: "127.0.0.1", port: standardPort)

    let host: String
    let port: Int

    private init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    init?(argument: String) {
        guard argument.utf8.count <= 300 else { return nil }
        let hostText: Substring
        var rest: Substring
        if argument.hasPrefix("[") {
            guard let end = argument.firstIndex(of: "]") else { return nil }
            hostText = argument[argument.index(after: argument.startIndex)..<end]
            rest = argument[argument.index(after: end)...]
            guard IPAddress(hostText)?.family == .v6 else { return nil }
        } else {
            hostText = argument.prefix { $0 != ":" }
            rest = argument[hostText.endIndex...]
            guard Self.isHost(hostText) else { return nil }
        }
        host = String(hostText)
        guard !rest.isEmpty else {
            port = Self.standardPort
            return
        }
        rest.removeFirst()
        guard argument.dropLast(rest.count).last == ":", let port = UInt16(rest), port > 0,
            rest.utf8.allSatisfy({ (48...57).contains($0) })
        else { return nil }
        self.port = Int(port)
    }

    private static func isHost(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.count <= 253
            && text.utf8.allSatisfy { byte in
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                    || [UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_")].contains(byte)
            }
    }
}

/// How long to wait.
struct TimeoutArgument: ExpressibleByArgument, Hashable, Sendable {
    static let standard = TimeoutArgument(milliseconds: 10_000)

    let milliseconds: Int64

    private init(milliseconds: Int64) { self.milliseconds = milliseconds }

    init?(argument: String) {
        guard let milliseconds = TimeSpan.milliseconds(argument), (500...3_600_000).contains(milliseconds)
        else {
            return nil
        }
        self.milliseconds = milliseconds
    }

    var duration: Duration { .milliseconds(milliseconds) }
    var defaultValueDescription: String { "10s" }
}
