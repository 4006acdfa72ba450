// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ControlProtocol

@Suite struct VarlinkReplyTests {
    static let errors: [VarlinkError] = [
        .interfaceNotFound("a.b"), .methodNotFound("C"), .invalidParameter("d"), .permissionDenied, .expectedMore,
        .noSuchListener("e"), .noSuchConnection(.max), .noSuchUpstream("g", of: "e"), .reloadFailed("f: g"), .stopping,
        .laneSilent(3),
    ]

    @Test func `replies end with NUL and say whether more follow`() {
        let last = VarlinkReply.bytes(ControlResults.Count(count: 3))
        #expect(String(decoding: last, as: UTF8.self) == "{\"parameters\":{\"count\":3}}\0")
        let part = VarlinkReply.bytes(ControlResults.Count(count: 3), continues: true)
        #expect(String(decoding: part, as: UTF8.self) == "{\"parameters\":{\"count\":3},\"continues\":true}\0")
    }

    @Test(arguments: errors) func `a client reads each error as it was`(error: VarlinkError) {
        let bytes = VarlinkReply.bytes(of: error)
        #expect(bytes.last == 0)
        #expect(throws: error) { try ReceivedReply<ControlResults.Count>(bytes.dropLast()) }
    }

    @Test func `an error of a newer daemon is told by its name`() {
        let text = #"{"error":"io.usher.control.New","parameters":{"x":[]}}"#
        #expect {
            try ReceivedReply<ControlResults.Count>(Array(text.utf8))
        } throws: { error in
            (error as? ReceivedReply<ControlResults.Count>.Unknown)?.text == "io.usher.control.New"
        }
    }

    @Test(arguments: ["", "{}", "garbage", #"{"parameters":{"count":"x"}}"#]) func `garbage is told`(text: String) {
        #expect(throws: ReceivedReply<ControlResults.Count>.Unknown.self) {
            try ReceivedReply<ControlResults.Count>(Array(text.utf8))
        }
    }
}
