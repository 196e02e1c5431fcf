// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel

extension WorkloadBehavior {
    /// Parses a container's command and arguments: `vibrissa workload --serve http:8080 ...`, or the options
    /// alone.
    ///
    /// Only behaviour is accepted here. Where a workload runs is for the lab to say, not for a manifest.
    public static func parse(container: [String]) throws(WorkloadArgumentError) -> WorkloadBehavior {
        var behavior = WorkloadBehavior()
        var parser = WorkloadArgumentParser(behaviorArguments(of: container))
        while let option = try parser.next() {
            guard try behavior.accept(option) else {
                throw option.error("unknown option; a workload takes --serve, --call and --probe")
            }
        }
        return behavior
    }

    /// The arguments after an optional `vibrissa` and `workload`.
    static func behaviorArguments(of container: [String]) -> [String] {
        var rest = container[...]
        if rest.first == "vibrissa" { rest = rest.dropFirst() }
        if rest.first == "workload" { rest = rest.dropFirst() }
        return Array(rest)
    }

    /// Takes an option of behaviour; false when it is another kind of option.
    mutating func accept(_ option: WorkloadArgument) throws(WorkloadArgumentError) -> Bool {
        switch option.name {
        case "--serve": servers.append(try WorkloadServer(option))
        case "--call": calls.append(try WorkloadCall(option))
        case "--probe": probes.append(try WorkloadProbe(option))
        default: return false
        }
        guard servers.count <= Self.maximumServers, calls.count <= Self.maximumCalls,
            probes.count <= Self.maximumProbes
        else { throw option.error("too many of these for one workload") }
        return true
    }
}

extension WorkloadServer {
    init(_ option: WorkloadArgument) throws(WorkloadArgumentError) {
        let parts = option.value.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let kind = Kind(rawValue: String(parts[0])) else {
            throw option.error("expected http:PORT, tcp:PORT, udp:PORT or dns:PORT")
        }
        self.init(kind: kind, port: try option.port(String(parts[1])))
    }
}

extension WorkloadCall {
    init(_ option: WorkloadArgument) throws(WorkloadArgumentError) {
        let words = option.value.split(separator: " ")
        guard let first = words.first, let end = first.firstRange(of: "://") else {
            throw option.error("expected a URL such as http://catalog.shop:8080/ first")
        }
        guard let kind = Kind(rawValue: String(first[..<end.lowerBound])) else {
            throw option.error("unknown scheme; use http, tcp, udp, dns or icmp")
        }
        let rest = first[end.upperBound...]
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let (host, port) = try Self.authority(String(rest[..<slash]), kind, option)
        self.init(
            kind: kind, host: host, port: port, path: try Self.path(String(rest[slash...]), kind, option))
        for word in words.dropFirst() { try accept(word, option) }
    }

    private mutating func accept(_ word: Substring, _ option: WorkloadArgument) throws(WorkloadArgumentError)
    {
        let (key, value) = try option.pair(word)
        switch key {
        case "every": every = try option.duration(value)
        case "hold":
            guard kind == .tcp else { throw option.error("hold= is for tcp:// only") }
            hold = try option.duration(value, allowZero: true)
        case "bytes":
            guard kind == .tcp || kind == .udp else {
                throw option.error("bytes= is for tcp:// and udp:// only")
            }
            bytes = try option.number(value, 1...(kind == .udp ? 1200 : 1 << 20), "bytes")
        default: throw option.error("unknown setting \"\(key.prefix(20))\"")
        }
    }

    private static func authority(
        _ text: String, _ kind: Kind, _ option: WorkloadArgument
    ) throws(WorkloadArgumentError) -> (Host, UInt16) {
        var hostText = text[...]
        var portText: Substring?
        if text.hasPrefix("[") {
            guard let bracket = text.firstIndex(of: "]") else { throw option.error("\"]\" is missing") }
            hostText = text[text.index(after: text.startIndex)..<bracket]
            let after = text[text.index(after: bracket)...]
            guard after.isEmpty || after.hasPrefix(":") else {
                throw option.error("expected :PORT after \"]\"")
            }
            if !after.isEmpty { portText = after.dropFirst() }
            guard let address = IPAddress(hostText), address.family == .v6 else {
                throw option.error("expected an IPv6 address in brackets")
            }
        } else if let colon = text.lastIndex(of: ":") {
            hostText = text[..<colon]
            portText = text[text.index(after: colon)...]
        }
        let host = try host(String(hostText), option)
        if kind == .icmp {
            guard portText == nil else { throw option.error("icmp:// has no port") }
            return (host, 0)
        }
        guard let portText else { throw option.error("the port is missing") }
        return (host, try option.port(String(portText)))
    }

    private static func host(_ text: String, _ option: WorkloadArgument) throws(WorkloadArgumentError) -> Host
    {
        if let address = IPAddress(text) { return .address(address) }
        guard let name = DNSName(text), name.labels.count >= 2 else {
            throw option.error("expected an address or a name of at least two labels, such as catalog.shop")
        }
        return .name(name.text)
    }

    private static func path(
        _ text: String, _ kind: Kind, _ option: WorkloadArgument
    ) throws(WorkloadArgumentError) -> String {
        switch kind {
        case .http: return text.isEmpty ? "/" : text
        case .dns:
            guard let name = DNSName(String(text.dropFirst())) else {
                throw option.error("expected /NAME to ask for after the port")
            }
            return name.text
        case .tcp, .udp, .icmp:
            guard text.isEmpty || text == "/" else { throw option.error("\(kind.rawValue):// has no path") }
            return ""
        }
    }
}

extension WorkloadProbe {
    init(_ option: WorkloadArgument) throws(WorkloadArgumentError) {
        let words = option.value.split(separator: " ")
        guard words.count >= 2, words[0] == "tcp" else {
            throw option.error("expected \"tcp BLOCK ports=...\"")
        }
        let prefix: IPPrefix
        do throws(IPPrefix.ParseError) {
            prefix = try IPPrefix.parse(words[1], .lenient)
        } catch {
            throw option.error("\"\(words[1].prefix(60))\" is not an address block")
        }
        self.init(prefix: prefix, ports: [])
        for word in words.dropFirst(2) {
            let (key, value) = try option.pair(word)
            switch key {
            case "ports":
                for part in value.split(separator: ",", maxSplits: 64, omittingEmptySubsequences: false) {
                    ports.append(try option.port(String(part)))
                }
            case "every": every = try option.duration(value)
            case "hosts": hosts = try option.number(value, 1...1024, "hosts")
            default: throw option.error("unknown setting \"\(key.prefix(20))\"")
            }
        }
        guard !ports.isEmpty else { throw option.error("ports= is missing") }
    }
}

extension WorkloadArgument {
    /// `key=value`.
    fileprivate func pair(_ word: Substring) throws(WorkloadArgumentError) -> (key: String, value: String) {
        guard let equals = word.firstIndex(of: "=") else {
            throw error("expected key=value, found \"\(word.prefix(20))\"")
        }
        return (String(word[..<equals]), String(word[word.index(after: equals)...]))
    }
}
