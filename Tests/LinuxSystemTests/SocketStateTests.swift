// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import TestSupport
import Testing

@testable import LinuxSystem

@Suite struct SocketStateTests {
    @Test func `a TCP socket has its round-trip time, queues and the times of the last bytes`() throws {
        let server = try Server()
        let client = try Client(server.address)
        let accepted = try server.accept()
        let fresh = try TCPState(of: accepted.raw)
        #expect(fresh.phase == .established)
        #expect(fresh.receivedAge == nil && fresh.sentAge == nil)
        try client.send("hello")
        try waitUntil("the bytes have arrived") { SocketState(of: accepted.raw, .tcp).unread == 5 }
        let state = SocketState(of: accepted.raw, .tcp)
        let tcp = try #require(state.tcp)
        #expect(state.pending == 0)
        #expect(tcp.receivedAge != nil && tcp.sentAge == nil)
        #expect(tcp.segmentSize > 0 && tcp.window > 0 && !tcp.congestion.isEmpty)
        let sender = try TCPState(of: client.raw)
        #expect(sender.roundTripTime > 0 && sender.sentAge != nil)
        #expect(TCPState.roundTripTime(of: client.raw) != nil)
    }

    @Test func `a Unix socket has its queues, and a closed one nothing`() throws {
        var ends: (CInt, CInt) = (-1, -1)
        let made = withUnsafeMutablePointer(to: &ends) {
            $0.withMemoryRebound(to: CInt.self, capacity: 2) {
                socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, $0)
            }
        }
        try #require(made == 0)
        let near = OwnedDescriptor(adopting: ends.0)
        let far = OwnedDescriptor(adopting: ends.1)
        #expect(send(near.raw, "hello", 5, 0) == 5)
        #expect(SocketState(of: far.raw, .unixStream).unread == 5)
        let sender = SocketState(of: near.raw, .unixStream)
        #expect(sender.pending ?? 0 >= 5 && sender.tcp == nil)
        let closed = SocketState(of: -1, .tcp)
        #expect(closed.unread == nil && closed.pending == nil && closed.tcp == nil)
        #expect(TCPState.roundTripTime(of: -1) == nil)
    }
}
