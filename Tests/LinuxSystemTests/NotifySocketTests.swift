// SPDX-License-Identifier: Apache-2.0

import Glibc
import TestSupport
import Testing

@testable import Addresses
@testable import LinuxSystem

@Suite struct NotifySocketTests {
    /// A manager's end, which nobody reads unless the test does.
    private final class Manager {
        let descriptor: OwnedDescriptor
        let name: String

        init(_ address: SocketAddress = .ownAbstractName()) throws {
            name = address.description
            descriptor = try SocketKind.unixDatagram.makeSocket(for: address)
            try ListeningSocket.bind(descriptor.raw, to: address)
        }

        /// A message; nil if there is none.
        func receive() -> String? {
            var bytes = [UInt8](repeating: 0, count: 1000)
            let count = recv(descriptor.raw, &bytes, bytes.count, CInt(MSG_DONTWAIT))
            return count < 0 ? nil : String(decoding: bytes[..<count], as: UTF8.self)
        }
    }

    @Test func `sends the assignments in one datagram`() throws {
        let manager = try Manager()
        let socket = try #require(NotifySocket(named: manager.name))
        #expect(socket.send("READY=1\nSTATUS=1 listener") == .sent)
        #expect(manager.receive() == "READY=1\nSTATUS=1 listener")
    }

    @Test func `a full queue is reported immediately, and accepts messages after a read`() throws {
        let manager = try Manager()
        let socket = try #require(NotifySocket(named: manager.name))
        var sent = 0
        while sent < 100_000, socket.send("STATUS=\(sent)") == .sent { sent += 1 }
        #expect(sent > 0 && sent < 100_000)
        #expect(socket.send("READY=1") == .full)
        #expect(manager.receive() == "STATUS=0")
        #expect(socket.send("READY=1") == .sent)
    }

    @Test func `a missing manager is no error, and gets messages when it returns`() throws {
        let address = SocketAddress.ownAbstractName()
        let socket = try #require(NotifySocket(named: address.description))
        #expect(socket.send("READY=1") == .undelivered)
        let manager = try Manager(address)
        #expect(socket.send("READY=1") == .sent)
        #expect(manager.receive() == "READY=1")
    }

    @Test(arguments: ["", "/", "@", "run/notify", "vsock:2:1", "/" + String(repeating: "a", count: 200)])
    func `an invalid NOTIFY_SOCKET is not used`(name: String) {
        #expect(NotifySocket(named: name) == nil)
    }

    /// The environment belongs to the whole process.
    @Test func `the environment names the socket`() async {
        await #expect(processExitsWith: .exitCode(42)) {
            unsetenv("NOTIFY_SOCKET")
            let without = NotifySocket()
            let manager = try Manager()
            setenv("NOTIFY_SOCKET", manager.name, 1)
            let isSent = NotifySocket()?.send("READY=1") == .sent
            _exit(without == nil && isSent && manager.receive() == "READY=1" ? 42 : 1)
        }
    }
}
