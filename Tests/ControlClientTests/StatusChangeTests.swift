// SPDX-License-Identifier: Apache-2.0

import ControlProtocol
import Testing

@testable import ControlClient

@Suite struct StatusChangeTests {
    private static func listener(_ name: String, _ total: UInt64, _ bytes: UInt64) -> ListenerStatus {
        var listener = ListenerStatus(name: name, service: "echo", state: .listening)
        listener.total = total
        listener.bytesIn = bytes
        return listener
    }

    private static func json(_ before: [ListenerStatus], _ after: [ListenerStatus]) -> String {
        let change = StatusChange(
            from: ControlResults.Status(daemon: .sample(), listeners: before),
            to: ControlResults.Status(daemon: .sample(), listeners: after), durationMicroseconds: 7)
        var bytes: [UInt8] = []
        JSONText.append(change, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func `counts of a listener are compared by its name`() {
        #expect(
            Self.json(
                [Self.listener("a", 3, 100), Self.listener("b", 9, 9)],
                [Self.listener("b", 9, 10), Self.listener("a", 5, 40), Self.listener("new", 1, 2)]) == """
                    {"duration_us":7,"listeners":[{"name":"b","connections":0,"refused":0,"bytes_in":1,"bytes_out":0},\
                    {"name":"a","connections":2,"refused":0,"bytes_in":0,"bytes_out":0},\
                    {"name":"new","connections":1,"refused":0,"bytes_in":2,"bytes_out":0}]}
                    """)
    }

    @Test func `a removed listener that drains does not hide the one in force`() {
        #expect(
            Self.json([Self.listener("a", 3, 0), Self.listener("a", 100, 0)], [Self.listener("a", 4, 0)]).contains(
                #""connections":1"#))
    }
}
