// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Supervisor

@Suite struct DrainNoticeTests {
    @Test(arguments: [
        (1, "30s", "waiting up to 30s for 1 connection; Ctrl-C again stops now"),
        (1200, "1m30s", "waiting up to 1m30s for 1 200 connections; Ctrl-C again stops now"),
    ])
    func `Ctrl-C with open connections prints what the daemon waits for`(connections: Int, shown: String, text: String)
    {
        let timeout: Duration = shown == "30s" ? .seconds(30) : .seconds(90)
        #expect(DrainNotice.terminal(connections: connections, timeout: timeout) == text)
    }

    @Test func `Ctrl-C without open connections prints nothing`() {
        #expect(DrainNotice.terminal(connections: 0, timeout: .seconds(30)) == nil)
        #expect(DrainNotice.terminal(connections: 5, timeout: .zero) == nil)
    }
}
