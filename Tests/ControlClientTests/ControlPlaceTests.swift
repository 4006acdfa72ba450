// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ControlClient

@Suite struct ControlPlaceTests {
    @Test func `--control is the only place`() throws {
        let place = try ControlPlace(
            path: "x/control", instance: nil, runtimeDirectories: "/run/a", userDirectory: "/run/user/7", isRoot: true)
        #expect(place.paths == ["x/control"])
        #expect(place.unit == "usherd")
    }

    @Test func `--instance is the directory of the instance`() throws {
        let place = try ControlPlace(
            path: nil, instance: "edge", runtimeDirectories: "/run/a", userDirectory: "/run/user/7", isRoot: true)
        #expect(place.paths == ["/run/usherd-edge/control"])
        #expect(place.unit == "usherd@edge")
    }

    @Test func `the user's own daemon is tried before that of the system`() throws {
        let place = try ControlPlace(path: nil, instance: nil, userDirectory: "/run/user/7")
        #expect(place.paths == ["/run/user/7/usherd/control", "/run/usherd/control"])
        #expect(try ControlPlace(path: nil, instance: nil, isRoot: true).paths == ["/run/usherd/control"])
    }

    @Test func `a command of a unit reaches the daemon of this unit only`() throws {
        let place = try ControlPlace(path: nil, instance: nil, runtimeDirectories: "/run/usherd-edge", isInUnit: true)
        #expect(place.paths == ["/run/usherd-edge/control"])
        let other = try ControlPlace(path: nil, instance: nil, runtimeDirectories: "/run/monitor")
        #expect(other.paths == ["/run/monitor/control", "/run/usherd/control"])
    }

    @Test func `a path that no socket can have is skipped`() throws {
        let long = "/" + String(repeating: "x", count: 100)
        #expect(try ControlPlace(path: nil, instance: nil, userDirectory: long).paths == ["/run/usherd/control"])
    }

    @Test(
        arguments: [
            ("", nil, "--control takes the path"), ("/a", "b", "leave one out"), (nil, "", "usherd@NAME.service"),
            (nil, "a/b", "usherd@NAME.service"), ("/" + String(repeating: "x", count: 107), nil, "at most 107 bytes"),
            (nil, String(repeating: "x", count: 100), "at most 107 bytes"),
        ] as [(String?, String?, String)])
    func `what no socket can have is a mistake`(path: String?, instance: String?, words: String) {
        let failure = #expect(throws: ControlFailure.self) { try ControlPlace(path: path, instance: instance) }
        #expect(failure?.reason == .usage)
        #expect(failure?.message.contains(words) == true, "\(failure?.message ?? "")")
    }
}
