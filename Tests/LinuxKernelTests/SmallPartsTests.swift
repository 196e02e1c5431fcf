// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import Testing

@testable import LinuxKernel

@Suite("Errors, names and settings")
struct SmallPartsTests {
    @Test("says what was attempted, on what, why it failed and what to try")
    func describesErrors() {
        let error = KernelError(errno: 1, operation: "create link", subject: "vbr0", detail: "no slot")
        #expect(error.code == .permission)
        #expect(
            error.description == """
                cannot create link "vbr0": no slot: Operation not permitted (errno 1); \
                this needs CAP_NET_ADMIN, and CAP_SYS_ADMIN for namespaces: run as root or grant them
                """)
    }

    @Test("names the refused message of a batch")
    func describesBatchErrors() {
        let error = KernelError(
            errno: 22, operation: "apply rules", subject: "vibrissa", failedSequences: [12, 14])
        #expect(error.sequence == 12)
        #expect(
            error.description
                == "cannot apply rules \"vibrissa\" (message 12 of the batch): Invalid argument (errno 22)")
    }

    @Test(
        "maps error numbers to codes",
        arguments: [
            (Int32(13), KernelError.Code.permission), (17, .exists), (2, .notFound), (19, .notFound),
            (95, .notSupported),
            (16, .busy), (110, .timeout), (105, .overrun), (22, .systemCall),
        ])
    func mapsCodes(errno: Int32, code: KernelError.Code) {
        #expect(KernelError(errno: errno, operation: "try", subject: "").code == code)
    }

    @Test(
        "finds the file of a sysctl",
        arguments: [
            ("net.ipv4.ip_forward", "/proc/sys/net/ipv4/ip_forward"),
            ("net.ipv4.conf.eth0/100.rp_filter", "/proc/sys/net/ipv4/conf/eth0.100/rp_filter"),
        ])
    func findsSysctl(name: String, path: String) throws {
        #expect(try Sysctl.path(name) == path)
    }

    @Test("refuses setting names that leave /proc/sys", arguments: ["", "net..ip", ".", "net.//.x", "a.\0"])
    func refusesSysctl(name: String) {
        #expect(throws: KernelError.self) { try Sysctl.path(name) }
    }

    @Test(
        "refuses namespace names that leave the directory", arguments: ["", ".", "..", "a/b", "a b", "a\n"])
    func refusesNamespaceNames(name: String) {
        #expect(throws: KernelError.self) { try NetworkNamespace.path(of: name) }
        #expect(!NetworkNamespace.exists(name))
    }

    @Test(
        "refuses interface names the kernel would refuse",
        arguments: ["", "sixteen-letters-", "a/b", "a b", ".."])
    func refusesLinkNames(name: String) {
        #expect(throws: KernelError.self) { try LinkConfigurator.validate(name) }
    }

    @Test("prints routes like ip route")
    func printsRoutes() throws {
        let prefix = try IPPrefix.parse("10.0.0.0/8", .strict)
        let gateway = IPAddress("169.254.1.1")
        let route = Route(to: prefix, via: gateway, device: "eth0", isOnLink: true)
        #expect(route.description == "10.0.0.0/8 via 169.254.1.1 dev eth0 onlink")
        #expect(Route(to: nil, device: "eth0", family: .v6).description == "default dev eth0")
    }

    @Test("reads the effective capabilities of a status file")
    func readsCapabilities() {
        #expect(
            Capabilities.effective(inStatus: "Name:\tx\nCapEff:\t0000000000001000\nCapBnd:\t0\n") == 1 << 12)
        #expect(Capabilities.effective(inStatus: "Name:\tx\n") == nil)
        #expect(Capabilities.effective(inStatus: "CapEff:\tzz\n") == nil)
    }

    @Test("refuses to drop privileges to root", arguments: [(UInt32(0), UInt32(1)), (1, 0)])
    func refusesRoot(uid: UInt32, gid: UInt32) {
        let error = #expect(throws: KernelError.self) {
            try ProcessControl.dropPrivileges(uid: uid, gid: gid)
        }
        #expect(error?.code == .malformed)
    }

    @Test("misses no capability when none is wanted")
    func missesNothing() throws {
        #expect(try Capabilities.missing([]) == [])
    }
}
