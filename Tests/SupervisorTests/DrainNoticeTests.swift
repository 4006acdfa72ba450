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

    @Test(arguments: [
        (0, "stopping: no connection is open"), (1, "stopping: 1 connection may end by itself for 30s"),
        (2, "stopping: 2 connections may end by themselves for 30s"),
    ])
    func `the record counts the connections`(connections: Int, text: String) {
        #expect(DrainNotice.record(connections: connections, timeout: .seconds(30)) == text)
    }
}
