// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import LinuxKernel

@Suite("Netlink messages")
struct NetlinkMessageTests {
    @Test("writes header, family header and every kind of attribute, aligned")
    func writesExactBytes() {
        var writer = NetlinkMessageWriter(firstSequence: 7)
        let sequence = writer.beginNetfilter(
            subsystem: 10, operation: 3, flags: 0x401, family: 1, resource: 0x0a0b)
        writer.u8(1, 0xaa)
        writer.be16(2, 0x0102)
        writer.u32(3, 0x0102_0304)
        writer.be64(4, 5)
        writer.string(5, "abc")
        writer.raw(6, [9, 8, 7])
        writer.flag(7)
        writer.nested(8) { $0.u16(1, 0x0201) }
        writer.end()
        let expected = hex(
            """
            58 00 00 00              # length 88
            03 0a                    # type: subsystem 10, operation 3
            01 04                    # flags: CREATE, REQUEST
            07 00 00 00              # sequence
            00 00 00 00              # port id
            01 00 0a 0b              # nfgenmsg: family, version, resource (network order)
            05 00 01 00 aa 00 00 00  # u8, 3 bytes of padding
            06 00 02 00 01 02 00 00  # be16
            08 00 03 00 04 03 02 01  # u32 in host order
            0c 00 04 00 00 00 00 00 00 00 00 05  # be64
            08 00 05 00 61 62 63 00  # string with its zero
            07 00 06 00 09 08 07 00  # raw
            04 00 07 00              # flag
            0c 00 08 80              # nested
            06 00 01 00 01 02 00 00  # u16 in host order, inside
            """)
        #expect(sequence == 7)
        #expect(writer.bytes == expected)
        #expect(!writer.isOverflowing)
    }

    @Test("numbers the messages of a batch one after another")
    func numbersMessages() {
        var writer = NetlinkMessageWriter(firstSequence: 40)
        let first = writer.begin(type: 16, flags: 0)
        writer.end()
        let second = writer.begin(type: 17, flags: 0)
        writer.end()
        #expect([first, second] == [40, 41])
        #expect(writer.messageCount == 2)
        #expect(writer.bytes.count == 32)
    }

    @Test(
        "says so when an attribute outgrows its 16-bit length", arguments: [(65_531, false), (65_532, true)])
    func noticesOverflow(payloadBytes: Int, overflows: Bool) {
        var plain = NetlinkMessageWriter()
        plain.begin(type: 16, flags: 0)
        plain.raw(1, [UInt8](repeating: 1, count: payloadBytes))
        plain.end()
        #expect(plain.isOverflowing == overflows)
    }

    @Test("says so when a nested attribute outgrows its 16-bit length")
    func noticesNestedOverflow() {
        var writer = NetlinkMessageWriter()
        writer.begin(type: 16, flags: 0)
        let nested = writer.beginNested(1)
        for _ in 0..<8191 { writer.u32(1, 0) }
        #expect(writer.byteCount(of: nested) == 65_532)
        writer.u32(1, 0)
        writer.endNested(nested)
        writer.end()
        #expect(writer.isOverflowing)
    }

    @Test("reads back what the writer wrote")
    func roundTrip() throws {
        var writer = NetlinkMessageWriter()
        writer.beginNetfilter(subsystem: 1, operation: 0, flags: 2, family: 2)
        writer.be32(1, 0x0a00_0001)
        writer.nested(2) { $0.string(3, "veth") }
        writer.end()
        writer.bytes.withUnsafeBytes { raw in
            var messages = NetlinkMessages(raw)
            let message = messages.next()
            var attributes = message?.attributes(afterHeaderBytes: 4)
            #expect(message?.subsystem == 1)
            #expect(attributes?.next()?.be32 == 0x0a00_0001)
            #expect(attributes?.next()?.nested.first(3)?.string == "veth")
            #expect(attributes?.next() == nil)
            #expect(attributes?.isTruncated == false)
            #expect(messages.next() == nil)
            #expect(!messages.isTruncated)
        }
    }

    /// Attribute bytes that break the format.
    struct BadAttributes: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
    }

    @Test(
        "ends the walk at a length that does not fit",
        arguments: [
            BadAttributes(testDescription: "length below the header", bytes: hex("03 00 01 00")),
            BadAttributes(testDescription: "length zero", bytes: hex("00 00 01 00 aa aa aa aa")),
            BadAttributes(testDescription: "length past the end", bytes: hex("09 00 01 00 aa aa aa aa")),
            BadAttributes(testDescription: "half a header", bytes: hex("04 00 01")),
            BadAttributes(testDescription: "one stray byte", bytes: hex("04 00 01 00 ff")),
        ])
    func refusesBadLengths(bad: BadAttributes) {
        bad.bytes.withUnsafeBytes { raw in
            var attributes = NetlinkAttributes(raw)
            var count = 0
            while attributes.next() != nil { count += 1 }
            #expect(attributes.isTruncated)
            #expect(count <= 1)
        }
    }

    @Test("reads nil from payloads that are too short for a number")
    func shortNumbers() {
        let bytes = hex("05 00 01 00 aa 00 00 00")
        bytes.withUnsafeBytes { raw in
            let attribute = NetlinkAttributes(raw).first(1)
            #expect(attribute?.u8 == 0xaa)
            #expect(attribute?.be16 == nil)
            #expect(attribute?.u32 == nil)
            #expect(attribute?.be64 == nil)
        }
    }

    @Test("reads the kernel's refusal with its text")
    func readsAcknowledgement() {
        let bytes = withLength(
            hex(
                """
                00 00 00 00 02 00 00 03  # length, NLMSG_ERROR, CAPPED and ACK_TLVS
                00 00 00 00 00 00 00 00
                fe ff ff ff              # -ENOENT
                20 00 00 00 00 0a 01 00 2a 00 00 00 00 00 00 00  # the request's header: sequence 42
                0b 00 01 00 6e 6f 20 73 65 74 00 00              # NLMSGERR_ATTR_MSG "no set"
                """))
        bytes.withUnsafeBytes { raw in
            var messages = NetlinkMessages(raw)
            let answer = messages.next().flatMap(NetlinkAcknowledgement.init)
            #expect(answer?.errno == 2)
            #expect(answer?.sequence == 42)
            #expect(answer?.text == "no set")
        }
    }
}
