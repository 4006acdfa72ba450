// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// A service manager that does not read: sd_notify(3) would wait for it.
@Suite struct UnreadManagerTests {
    /// A Unix datagram socket whose queue is full.
    private final class FullSocket {
        let path: String
        private let raw: CInt

        init(_ path: String) throws {
            self.path = path
            let address = ServerAddress(.unix(path: path))
            raw = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue), 0)
            guard address.withKernelAddress({ bind(raw, $0, $1) }) == 0 else { throw POSIXFailure("bind") }
            let filler = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue), 0)
            defer { close(filler) }
            guard address.withKernelAddress({ connect(filler, $0, $1) }) == 0 else { throw POSIXFailure("connect") }
            while send(filler, "x", 1, 0) > 0 {}
            guard errno == EAGAIN else { throw POSIXFailure("send") }
        }

        /// What is in the queue, but for what filled it.
        func read() -> [String] {
            var messages: [String] = []
            var buffer = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = recv(raw, &buffer, buffer.count, 0)
                guard count >= 0 else { return messages }
                let text = String(decoding: buffer[..<count], as: UTF8.self)
                if text != "x" { messages.append(text) }
            }
        }

        deinit { close(raw) }
    }

    private func configuration(_ listener: String) -> String {
        "[listener.\(listener)]\nlisten = \"unix://$DIR/\(listener)\"\nservice = \"echo\"\n"
    }

    @Test func `a manager that does not read blocks nothing, and gets the newest state later`() throws {
        let directory = try TemporaryDirectory()
        let manager = try FullSocket(directory.appending("full"))
        let daemon = try Usherd(
            starting: configuration("one"),
            .init(environment: ["NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "200000"], directory: directory))
        _ = try daemon.record("started")
        for name in ["two", "three"] {
            try daemon.write(configuration(name))
            daemon.send(signal: SIGHUP)
            _ = try daemon.record("listening") { $0["listener"] == name }
        }
        try daemon.records("reload", count: 2)
        let client = try Client(ServerAddress(.unix(path: directory.appending("three"))))
        try client.send("x")
        #expect(try client.receive(exactly: 1) == Array("x".utf8))
        var messages: [String] = []
        try waitUntil("the manager hears of it") {
            messages += manager.read()
            return messages.contains { $0.hasPrefix("READY=1\n") } && messages.contains("WATCHDOG=1")
        }
        #expect(messages.count { $0.hasPrefix("RELOADING=1\n") } == 1)
        #expect(messages.count { $0.hasPrefix("READY=1\n") } == 1)
        #expect(messages.first { $0.hasPrefix("READY=1\n") }?.contains("reloaded") == true)
        client.close()
        #expect(try daemon.stop() == .exited(0))
    }

    @Test func `SIGTERM ends a daemon whose manager never reads`() throws {
        let directory = try TemporaryDirectory()
        let manager = try FullSocket(directory.appending("full"))
        let daemon = try Usherd(
            starting: configuration("one"),
            .init(environment: ["NOTIFY_SOCKET": manager.path], directory: directory))
        _ = try daemon.record("started")
        #expect(try daemon.stop() == .exited(0))
    }
}
