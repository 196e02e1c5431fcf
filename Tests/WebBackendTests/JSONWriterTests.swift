// SPDX-License-Identifier: Apache-2.0

import Foundation
import NetworkModel
import Testing

@testable import WebBackend

@Suite("Writing JSON")
struct JSONWriterTests {
    @Test(
        "escapes what could leave its string or its line",
        arguments: [
            ("plain é 👍", #""plain é 👍""#), ("\"\\/", #""\"\\/""#), ("\n\r\t", #""\n\r\t""#),
            ("\u{0}\u{8}\u{1b}\u{7f}", #""\u0000\u0008\u001b\u007f""#),
            ("\u{80}\u{9f}\u{a0}", "\"\\u0080\\u009f\u{a0}\""),
            ("\u{2027}\u{2028}\u{2029}\u{202a}", "\"\u{2027}\\u2028\\u2029\u{202a}\""), ("", #""""#),
        ])
    func strings(text: String, json: String) throws {
        var writer = JSONWriter()
        writer.string(text)
        #expect(String(decoding: writer.bytes, as: UTF8.self) == json)
        let read = try JSONSerialization.jsonObject(with: Data(writer.bytes), options: .fragmentsAllowed)
        #expect(read as? String == text)
    }

    @Test(
        "writes times as RFC 3339",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (951_782_399_999_000_000, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000_000_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_500_999_999, "2024-02-29T23:59:59.500Z"),
            (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (.max, "2262-04-11T23:47:16.854Z"),
        ] as [(Int64, String)])
    func times(nanoseconds: Int64, text: String) {
        var writer = JSONWriter()
        writer.time(Timestamp(nanoseconds: nanoseconds))
        #expect(String(decoding: writer.bytes, as: UTF8.self) == "\"\(text)\"")
    }

    @Test("puts commas between members and elements, and writes numbers exactly")
    func structure() {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("a")
        writer.beginArray()
        writer.integer(UInt64.max)
        writer.integer(Int64.min)
        writer.number(0.5)
        writer.number(100)
        writer.number(.infinity)
        writer.beginObject()
        writer.endObject()
        writer.endArray()
        writer.key("b")
        writer.bool(false)
        writer.key("c")
        writer.raw(Array("[1]".utf8))
        writer.endObject()
        let expected = #"{"a":[18446744073709551615,-9223372036854775808,0.5,100,null,{}],"b":false,"c":[1]}"#
        #expect(String(decoding: writer.bytes, as: UTF8.self) == expected)
    }
}
