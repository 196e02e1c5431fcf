// SPDX-License-Identifier: Apache-2.0

internal import Crypto

/// The bytes of a set of files at one moment.
struct CertificateBytes: Sendable {
    let chain: [UInt8]?
    let key: [UInt8]?
    let authorities: [UInt8]?
    /// Of everything above; equal bytes have equal digests.
    let digest: [UInt8]

    /// How often files that change while they are read are read again.
    static let maximumAttempts = 3

    init(_ files: CertificateFiles) throws(TransportSecurityError) {
        chain = try Self.read(files.certificateChain)
        key = try Self.read(files.privateKey)
        authorities = try Self.read(files.authorities)
        var hash = SHA256()
        for part in [chain, key, authorities] {
            withUnsafeBytes(of: UInt64(part?.count ?? 0).littleEndian) { hash.update(bufferPointer: $0) }
            hash.update(data: part ?? [])
        }
        digest = Array(hash.finalize())
    }

    /// Reads until two readings in a row agree, so that a pair is not torn apart by a replacement in between.
    static func settled(_ files: CertificateFiles) throws(TransportSecurityError) -> CertificateBytes {
        var last = try CertificateBytes(files)
        for _ in 1..<maximumAttempts {
            let next = try CertificateBytes(files)
            if next.digest == last.digest { break }
            last = next
        }
        return last
    }

    private static func read(_ path: String?) throws(TransportSecurityError) -> [UInt8]? {
        guard let path else { return nil }
        return try FileContent.read(path)
    }
}
