// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ControlProtocol

@Suite struct JSONPartsTests {
    private func member(_ name: String, _ text: String) -> String? {
        JSONParts.member(name, of: Array(text.utf8)[...]).map { String(decoding: $0, as: UTF8.self) }
    }

    private func values(_ text: String) -> [String] {
        JSONParts.values(of: Array(text.utf8)[...]).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func `parts are returned as they were written`() {
        let text = #" { "a":"}\",{", "b" : [ {"z":1,"a":[2,3]} ,"],", 4.5e1,null],"c":true}"#
        #expect(member("a", text) == #""}\",{""#)
        #expect(member("b", text).map(values) == [#"{"z":1,"a":[2,3]}"#, #""],""#, "4.5e1", "null"])
        #expect(member("c", text) == "true")
        #expect(member("d", text) == nil)
        #expect(values("[]").isEmpty && values(" [ ] ").isEmpty)
    }

    @Test(arguments: [
        "", "{", "{\"a", "{\"a\"", "{\"a\":", "{\"a\":[", "[", "[1,", "[,,]", "[}", "{]", "]", "\"", "[\"\\", "{:}",
        "{,}", "[:]",
    ])
    func `what is no JSON ends the search`(text: String) {
        _ = member("x", text)
        _ = values(text)
        #expect(member("x", text) == nil)
    }

    @Test func `a reply with records keeps their text`() throws {
        let text = #"{"parameters":{"records":[{"b":1,"a":2},{"x":"y"}],"missed":3},"continues":true}"#
        let reply = try RecordsReply<ControlResults.Events>(Array(text.utf8)[...])
        #expect(reply.records.map { String(decoding: $0, as: UTF8.self) } == [#"{"b":1,"a":2}"#, #"{"x":"y"}"#])
        #expect(reply.results.missed == 3 && reply.continues)
        #expect(throws: VarlinkError.expectedMore) {
            try RecordsReply<ControlResults.Events>(VarlinkReply.bytes(of: .expectedMore).dropLast())
        }
    }
}
