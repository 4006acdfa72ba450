// SPDX-License-Identifier: Apache-2.0

import Configuration
import Testing

@testable import ControlClient

@Suite struct MainProcessTests {
    @Test(arguments: [nil, "", "x", "0", "1", "-1", "99999999999"]) func `no process has this number`(text: String?) {
        #expect(MainProcess(text) == nil)
    }

    @Test(arguments: [
        (["/usr/sbin/usherd"], Configuration.defaultPath), (["usherd", "--config", "/a"], "/a"),
        (["usherd", "-c", "/a"], "/a"), (["usherd", "--config=/a", "--strict"], "/a"),
        (["usherd", "--config"], Configuration.defaultPath), ([], Configuration.defaultPath),
    ])
    func `the configuration is that of the command line`(words: [String], path: String) {
        #expect(MainProcess.configurationPath(in: words) == path)
    }

    @Test func `a process that has ended has the default, and gets no signal`() {
        let process = MainProcess("2147483646")
        #expect(process?.configurationPath == Configuration.defaultPath)
        let failure = #expect(throws: ControlFailure.self) { try process?.hangUp() }
        #expect(failure?.reason == .unreachable)
        #expect(failure?.message.contains("No such process (ESRCH)") == true)
    }
}
