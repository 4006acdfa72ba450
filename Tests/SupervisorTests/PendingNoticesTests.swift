// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Supervisor

@Suite struct PendingNoticesTests {
    /// What would be sent, in order, after these messages could not be.
    private func sent(after messages: [String]) -> [String] {
        var pending = PendingNotices()
        for message in messages { pending.add(message) }
        var sent: [String] = []
        while let next = pending.next {
            sent.append(next)
            pending.sent()
        }
        return sent
    }

    @Test(arguments: [
        ([], []),
        (["STATUS=a", "STATUS=b"], ["STATUS=b"]),
        (["READY=1\nSTATUS=a", "STATUS=b"], ["READY=1\nSTATUS=a", "STATUS=b"]),
        (["STATUS=a", "READY=1\nSTATUS=b"], ["READY=1\nSTATUS=b"]),
        // A unit of Type=notify-reload waits for both messages of a reload.
        (
            ["RELOADING=1\nMONOTONIC_USEC=1", "READY=1\nSTATUS=a"],
            ["RELOADING=1\nMONOTONIC_USEC=1", "READY=1\nSTATUS=a"]
        ),
        (
            [
                "RELOADING=1\nMONOTONIC_USEC=1", "READY=1\nSTATUS=a", "RELOADING=1\nMONOTONIC_USEC=2",
                "READY=1\nSTATUS=b",
            ],
            ["RELOADING=1\nMONOTONIC_USEC=2", "READY=1\nSTATUS=b"]
        ),
        (["READY=1\nSTATUS=a", "READY=1\nSTATUS=b"], ["READY=1\nSTATUS=b"]),
        (["READY=1", "RELOADING=1\nMONOTONIC_USEC=1", "STOPPING=1\nSTATUS=stopping"], ["STOPPING=1\nSTATUS=stopping"]),
        (["WATCHDOG=1", "WATCHDOG=1"], []),
        (
            ["EXTEND_TIMEOUT_USEC=1", "STATUS=a", "EXTEND_TIMEOUT_USEC=2", "STATUS=b\nERRNO=5"],
            ["EXTEND_TIMEOUT_USEC=2\nSTATUS=b\nERRNO=5"]
        ),
    ])
    func `the newest message of each kind is kept`(messages: [String], expected: [String]) {
        #expect(sent(after: messages) == expected)
    }

    @Test func `a sent message is not sent again`() {
        var pending = PendingNotices()
        pending.add("READY=1")
        pending.add("STATUS=a")
        pending.sent()
        #expect(pending.next == "STATUS=a")
        pending.add("STATUS=b")
        #expect(pending.next == "STATUS=b")
        pending.sent()
        #expect(pending == PendingNotices())
    }
}
