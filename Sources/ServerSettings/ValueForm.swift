// SPDX-License-Identifier: Apache-2.0

/// How a value is written: reads it, writes it, and says what is accepted.
struct ValueForm<Value: Sendable>: Sendable {
    /// Completes "it must be …".
    let accepted: String
    /// A word for the value in usage lines.
    let placeholder: String
    /// Nil for a text that is not accepted.
    let parse: @Sendable (String) -> Value?
    /// As `parse` would accept it; empty: no value.
    let text: @Sendable (Value) -> String

    /// The same for something that may be absent.
    var optional: ValueForm<Value?> {
        ValueForm<Value?>(accepted: accepted, placeholder: placeholder) {
            parse($0).map(Optional.some)
        } text: {
            $0.map(text) ?? ""
        }
    }
}

extension ValueForm<Int> {
    /// Digits; `_` may separate them.
    static func number(_ range: ClosedRange<Int>) -> ValueForm {
        ValueForm(
            accepted: "a whole number, \(range.lowerBound) to \(range.upperBound)", placeholder: "number"
        ) { text in
            guard let first = text.utf8.first, (0x30...0x39).contains(first), !text.contains("__") else {
                return nil
            }
            return Int(text.replacing("_", with: "")).flatMap { range.contains($0) ? $0 : nil }
        } text: {
            "\($0)"
        }
    }

    static func port(_ range: ClosedRange<Int>) -> ValueForm {
        ValueForm(
            accepted: "a port, \(range.lowerBound) to \(range.upperBound)", placeholder: "port"
        ) {
            NetworkText.port($0).flatMap { range.contains($0) ? $0 : nil }
        } text: {
            "\($0)"
        }
    }
}

extension ValueForm<Duration> {
    /// With `wholeSeconds`, fractions of a second are refused.
    static func duration(_ range: ClosedRange<Duration>, wholeSeconds: Bool = false) -> ValueForm {
        let bounds = "\(DurationText.text(range.lowerBound)) to \(DurationText.text(range.upperBound))"
        let kind = wholeSeconds ? "a duration of whole seconds" : "a duration"
        return ValueForm(
            accepted: "\(kind), such as 15s or 1m30s, or a number of seconds, \(bounds)",
            placeholder: "duration"
        ) { text in
            DurationText.parse(text).flatMap {
                range.contains($0) && !(wholeSeconds && $0.components.attoseconds != 0) ? $0 : nil
            }
        } text: {
            DurationText.text($0)
        }
    }
}

extension ValueForm<Bool> {
    static let yesOrNo = ValueForm(accepted: "true or false", placeholder: "true|false") { text in
        switch text.lowercased() {
        case "true", "t", "yes", "y", "on", "1": true
        case "false", "f", "no", "n", "off", "0": false
        default: nil
        }
    } text: {
        $0 ? "true" : "false"
    }
}

extension ValueForm<String> {
    static let path = ValueForm(accepted: "the path of a file", placeholder: "path") {
        pathText($0)
    } text: {
        $0
    }

    static let directory = ValueForm(accepted: "the path of a directory", placeholder: "path") {
        pathText($0)
    } text: {
        $0
    }

    private static func pathText(_ text: String) -> String? {
        let isSound = !text.isEmpty && text.utf8.count < 4_096 && !text.utf8.contains(0)
        return isSound ? text : nil
    }

    static let host = ValueForm(accepted: "a host name or IP address", placeholder: "host") {
        NetworkText.host($0)
    } text: {
        $0
    }
}

extension ValueForm<String?> {
    /// A host name, or a word for the usual one.
    static func serverName(orWord word: String, meaning: String) -> ValueForm {
        ValueForm(
            accepted: "a host name, or \(word) for \(meaning)", placeholder: "host"
        ) { text in
            text == word ? .some(nil) : NetworkText.host(text).map(Optional.some)
        } text: {
            $0 ?? word
        }
    }
}

extension ValueForm<[String]> {
    /// Whether TLS knows them is found when they are used.
    static let cipherSuites = ValueForm(
        accepted: "IANA names such as TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, separated by commas",
        placeholder: "names"
    ) { text in
        let names = text.split(separator: ",", omittingEmptySubsequences: false)
            .map { String($0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
        let areSound = names.allSatisfy { name in
            name.hasPrefix("TLS_") && name.utf8.count <= 64
                && name.utf8.allSatisfy {
                    (0x41...0x5a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5f
                }
        }
        return areSound && names.count <= 64 ? names : nil
    } text: {
        $0.joined(separator: ",")
    }
}

extension ValueForm<LogThreshold> {
    /// Calico's words are accepted, too, in any case.
    static let logLevel = ValueForm(
        accepted: LogThreshold.allCases.map(\.rawValue).joined(separator: ", ")
            + " (or Calico's warn, fatal, panic)",
        placeholder: "level"
    ) { text in
        switch text.lowercased() {
        case "warn": .warning
        case "fatal", "panic": .critical
        default: LogThreshold(rawValue: text.lowercased())
        }
    } text: {
        $0.rawValue
    }
}

extension ValueForm<TLSVersion> {
    static let tlsVersion = ValueForm(accepted: "1.2 or 1.3", placeholder: "version") {
        TLSVersion(rawValue: $0)
    } text: {
        $0.rawValue
    }
}

extension ValueForm<ListenAddress> {
    static let listenAddress = ValueForm(
        accepted:
            "HOST:PORT, :PORT for all addresses, or PORT for all addresses with TLS and loopback without",
        placeholder: "host:port"
    ) {
        NetworkText.listenAddress($0)
    } text: {
        $0.description
    }
}

extension ValueForm<HostAndPort> {
    static func remote(usualPort: Int) -> ValueForm {
        ValueForm(
            accepted: "HOST:PORT, or HOST for port \(usualPort); IPv6 in brackets", placeholder: "host:port"
        ) {
            NetworkText.hostAndPort($0, usualPort: usualPort)
        } text: {
            $0.description
        }
    }
}

extension ValueForm<PushURL> {
    static let pushURL = ValueForm(
        accepted: "a URL such as https://collector.example.com/flows, http or https, without a user",
        placeholder: "url"
    ) {
        NetworkText.pushURL($0)
    } text: {
        $0.text
    }
}
