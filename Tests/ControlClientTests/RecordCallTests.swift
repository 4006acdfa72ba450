// SPDX-License-Identifier: Apache-2.0

import ControlProtocol
import Glibc
import TestSupport
import Testing

@testable import ControlClient

@Suite struct RecordCallTests {
    private static func part(_ parameters: String, continues: Bool = true) -> [UInt8] {
        VarlinkReply.bytes(continues: continues) { $0 += parameters.utf8 }
    }

    @Test func `events are passed on until the daemon ends`() throws {
        let daemon = try FakeDaemon { call in
            #expect(call.more && call.method == "io.usher.control.Events")
            return FakeDaemon.Answer(
                pieces: [
                    Self.part("{\"records\":[]}"), Self.part("{\"records\":[{\"b\":1,\"a\":2},{}]}"),
                    Self.part("{\"records\":[],\"lines\":[\"x\"],\"missed\":7}"),
                ], closes: true)
        }
        var all: [String] = []
        var lost: UInt64 = 0
        let failure = #expect(throws: ControlFailure.self) {
            try daemon.connect().events(ControlParameters.Events(), output: -1) { lines, missed in
                all += lines
                lost += missed
            }
        }
        #expect(all == ["{\"b\":1,\"a\":2}", "{}", "x"] && lost == 7)
        #expect(failure?.reason == .unreachable)
        #expect(failure?.message.contains("closed the connection: it was stopped or restarted") == true)
    }

    @Test func `events end quietly once nobody reads the output`() throws {
        let daemon = try FakeDaemon { _ in FakeDaemon.Answer(pieces: [Self.part("{\"records\":[]}")]) }
        var ends: [CInt] = [-1, -1]
        #expect(pipe(&ends) == 0)
        defer { close(ends[1]) }
        var count = 0
        try daemon.connect().events(ControlParameters.Events(), output: ends[1]) { _, _ in
            count += 1
            close(ends[0])
        }
        #expect(count == 1)
    }

    @Test func `an error of the first reply has its own sentence`() throws {
        let daemon = try FakeDaemon { _ in .error(.methodNotFound("io.usher.control.Events")) }
        let failure = #expect(throws: ControlFailure.self) {
            try daemon.connect().events(ControlParameters.Events(), output: -1) { _, _ in }
        }
        #expect(failure?.message.contains("it does not know io.usher.control.Events") == true)
    }

    @Test func `the parts of a history are joined`() throws {
        let daemon = try FakeDaemon { call in
            #expect(call.more && call.method == "io.usher.control.History")
            return FakeDaemon.Answer(
                pieces: [
                    Self.part("{\"records\":[{\"x\":2}],\"capacity\":9}"),
                    Self.part("{\"records\":[{\"x\":1}],\"capacity\":9}", continues: false),
                ])
        }
        let list = try daemon.connect().history(ControlParameters.History())
        #expect(list.json == "{\"records\":[{\"x\":2},{\"x\":1}],\"capacity\":9}")
    }
}
