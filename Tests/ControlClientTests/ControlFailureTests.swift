// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinuxSystem
import Testing

@testable import ControlClient

@Suite struct ControlFailureTests {
    private static func attempt(_ path: String, _ number: CInt) -> ControlFailure.Attempt {
        ControlFailure.Attempt(path: path, error: SystemError("connect", errno: number))
    }

    @Test func `all paths that were tried are named with what the kernel said`() {
        let failure = ControlFailure.notConnected(
            [Self.attempt("/run/user/7/usherd/control", ENOENT), Self.attempt("/run/usherd/control", ECONNREFUSED)],
            unit: "usherd@a")
        #expect(failure.reason == .unreachable)
        #expect(
            failure.message
                == "cannot connect to usherd: /run/user/7/usherd/control: No such file or directory, /run/usherd/control:"
                + " Connection refused (is it running? `systemctl status usherd@a` shows it; if its socket has"
                + " another path, use --control PATH)")
    }

    @Test func `EACCES says who may connect`() {
        let failure = ControlFailure.notConnected(
            [Self.attempt("/a", ENOENT), Self.attempt("/run/usherd/control", EACCES)], unit: "usherd")
        #expect(failure.reason == .denied)
        #expect(
            failure.message
                == "/run/usherd/control: Permission denied: be root or a member of the group usherd (a new member logs in"
                + " again)")
    }

    @Test func `any other error is shown as the kernel names it`() {
        let failure = ControlFailure.notConnected([Self.attempt("/\u{1b}", EMFILE)], unit: "usherd")
        #expect(
            failure.message == "cannot connect to usherd: /\\u{1B}: connect: Too many open files (EMFILE)")
        #expect(failure.reason == .unreachable)
    }

    @Test(arguments: [
        ("x", [], "no listener is named x; `usherctl status` lists them"),
        ("x", ["front"], "no listener is named x; there is front"),
        ("x", ["front", "web", "front"], "no listener is named x; there are front, web"),
        ("fornt", ["front"], "no listener is named fornt: did you mean front?"),
        ("fornt", ["a", "front", "web"], "no listener is named fornt: did you mean front? There are also a, web"),
        ("a\nb", ["\u{7}"], "no listener is named a\\u{A}b; there is \\u{7}"),
    ])
    func `the names of listeners follow, the nearest first`(name: String, names: [String], message: String) {
        #expect(ControlFailure.noListener(name, among: names).message == message)
    }

    @Test func `a long list of names is cut`() {
        let names = (0..<25).map { "listener-\($0)" }
        let message = ControlFailure.noListener("x", among: names).message
        #expect(message.hasSuffix("listener-18, listener-19 and 5 more"))
    }

    @Test func `numbers that no connection has are named if they are known`() {
        let advice = "; `usherctl connections` lists the open ones"
        func message(_ numbers: [UInt64], _ count: Int, isMatched: Bool = false) -> String {
            ControlFailure.noConnections(numbers, count: count, of: 30, isMatched: isMatched).message
        }
        #expect(message([7], 1) == "no open connection has the number 7\(advice)")
        #expect(
            message([9, 999], 2, isMatched: true)
                == "no open connection has the numbers 9, 999 and matches the options\(advice)")
        #expect(message([], 3) == "3 of 30 numbers: no open connection has them\(advice)")
        #expect(message(Array(1...25), 25).contains(" 19, 20 and 5 more;"))
    }
}
