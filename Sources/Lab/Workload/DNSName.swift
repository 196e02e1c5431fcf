// SPDX-License-Identifier: Apache-2.0

/// A domain name in lower case, without its final dot (RFC 1035 section 2.3).
struct DNSName: Hashable, Sendable {
    /// 1...127 labels of 1...63 bytes each; 253 bytes in all.
    let labels: [String]

    var text: String { labels.joined(separator: ".") }

    /// Letters, digits, `-` and `_` in labels; one final dot is allowed.
    init?(_ text: String) {
        let trimmed = text.hasSuffix(".") ? String(text.dropLast()) : text
        self.init(
            labels: trimmed.split(separator: ".", maxSplits: 127, omittingEmptySubsequences: false).map(
                String.init))
    }

    init?(labels: [String]) {
        let lowered = labels.map { $0.lowercased() }
        let isValid = lowered.allSatisfy { label in
            (1...63).contains(label.utf8.count)
                && label.utf8.allSatisfy { byte in
                    (97...122).contains(byte) || (48...57).contains(byte) || byte == 45 || byte == 95
                }
        }
        let length = lowered.reduce(-1) { $0 + $1.utf8.count + 1 }
        guard isValid, (1...127).contains(lowered.count), length <= 253 else { return nil }
        self.labels = lowered
    }

    /// The name to ask for when a workload says `self`. Stands in for the search list of a pod's resolv.conf:
    /// `catalog.shop` and `catalog.shop.svc` mean the cluster's Service; longer names are taken as they are.
    var expanded: DNSName {
        if labels.count == 2 { return DNSName(labels: labels + ["svc", "cluster", "local"]) ?? self }
        if labels.count == 3, labels.last == "svc" {
            return DNSName(labels: labels + ["cluster", "local"]) ?? self
        }
        return self
    }
}
