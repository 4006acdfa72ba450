// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Supervisor

@Suite struct DrainNoticeTests {
    @Test(arguments: [
        (1, "30s", "waiting up to 30s for 1 connection; Ctrl-C again stops now"),
        (1200, "1m30s", "waiting up to 1m30s for 1 200 connections; Ctrl-C again stops now"),
    ])
    func `whoever presses Ctrl-C is told what is waited for`(connections: Int, shown: String, text: String) {
        let timeout: Duration = shown == "30s" ? .seconds(30) : .seconds(90)
        #expect(DrainNotice.terminal(connections: connections, timeout: timeout) == text)
    }

    @Test func `nothing is said where nothing is waited for`() {
        #expect(DrainNotice.terminal(connections: 0, timeout: .seconds(30)) == nil)
        #expect(DrainNotice.terminal(connections: 5, timeout: .zero) == nil)
    }
}
