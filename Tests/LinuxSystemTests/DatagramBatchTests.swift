// SPDX-License-Identifier: Apache-2.0

import Glibc
import TestSupport
import Testing

@testable import Addresses
@testable import LinuxSystem

@Suite struct DatagramBatchTests {
    /// A datagram socket on an address of its own.
    static func socket(
        _ kind: SocketKind = .udp, _ address: SocketAddress = .ipv4(.loopback, port: 0), dualStack: Bool = false
    ) throws(SystemError) -> ListeningSocket {
        try ListeningSocket(
            kind: kind, address: kind == .udp ? address : .ownAbstractName(), dualStack: dualStack,
            options: ListeningOptions())
    }

    /// Receives until so many datagrams have come, joined ones counted as many, and returns each by itself.
    static func receive(_ count: Int, from socket: ListeningSocket, _ batch: DatagramBatch) throws -> [[UInt8]] {
        var all: [[UInt8]] = []
        try waitUntil("\(count) datagrams have come") {
            for index in 0..<(try batch.receive(from: socket.raw, atMost: DatagramBatch.capacity)) {
                batch.withBytes(index) { span in
                    let bytes = span.withUnsafeBytes(Array.init)
                    let step = batch.segment(index) == 0 ? max(bytes.count, 1) : batch.segment(index)
                    if bytes.isEmpty { all.append([]) }
                    for start in stride(from: 0, to: bytes.count, by: step) {
                        all.append(Array(bytes[start..<min(start + step, bytes.count)]))
                    }
                }
            }
            return all.count >= count
        }
        return all
    }

    @Test(arguments: [SocketKind.udp, .unixDatagram])
    func `an empty socket gives no datagrams`(kind: SocketKind) throws {
        let batch = DatagramBatch()
        let socket = try Self.socket(kind)
        #expect(try batch.receive(from: socket.raw, atMost: 8) == 0)
        #expect(batch.count == 0)
    }

    @Test(arguments: [SocketKind.udp, .unixDatagram])
    func `each datagram has its bytes and source, also an empty one`(kind: SocketKind) throws {
        let socket = try Self.socket(kind)
        let peer = try DatagramPeer(kind == .udp ? "127.0.0.1" : nil)
        for text in ["one", "", "three"] { try peer.send(text, to: socket) }
        let batch = DatagramBatch()
        var lengths: [Int] = []
        var sources: Set<SocketAddress> = []
        try waitUntil("all have come") {
            for index in 0..<(try batch.receive(from: socket.raw, atMost: 8)) {
                lengths.append(batch.length(index))
                #expect(batch.segment(index) == 0)
                #expect(batch.datagramCount(index) == 1)
                #expect(batch.dropped(index) == 0)
                #expect(batch.local(index) == nil, "who listens on one address needs not be told")
                if let source = batch.source(index) { sources.insert(source) }
            }
            return lengths.count >= 3
        }
        #expect(lengths == [3, 0, 5])
        #expect(sources.count == 1)
        if kind == .udp {
            #expect(sources == [.ipv4(.loopback, port: peer.port)])
        } else if case .abstract(let name)? = sources.first {
            #expect(name.count == 5, "autobind of unix(7)")
        } else {
            Issue.record("\(sources)")
        }
    }

    @Test(arguments: [1, 3, 32, 1000])
    func `at most the requested number is received`(most: Int) throws {
        let socket = try Self.socket()
        let peers = try (0..<40).map { _ in try DatagramPeer() }
        for peer in peers { try peer.send("x", to: socket) }
        let batch = DatagramBatch()
        var counts: [Int] = []
        try waitUntil("all have come") {
            let count = try batch.receive(from: socket.raw, atMost: most)
            if count > 0 { counts.append(count) }
            return counts.reduce(0, +) == 40
        }
        #expect(counts.allSatisfy { $0 <= min(most, DatagramBatch.capacity) })
        #expect(counts.max() == min(most, DatagramBatch.capacity))
    }

    @Test func `an unbound Unix sender has no address`() throws {
        let socket = try Self.socket(.unixDatagram)
        let batch = DatagramBatch()
        // Something of another family lies in the batch from before.
        let udp = try Self.socket()
        try DatagramPeer().send("x", to: udp)
        _ = try Self.receive(1, from: udp, batch)
        try DatagramPeer(nil, isNamed: false).send("x", to: socket)
        _ = try Self.receive(1, from: socket, batch)
        #expect(batch.source(0) == .unnamed)
    }

    @Test(arguments: [(100, 1000), (1000, 1000), (1001, 1000), (2500, 1000), (64 * 100, 100), (63 * 1000 + 1, 1000)])
    func `coalesced datagrams are separated`(length: Int, segment: Int) throws {
        let socket = try Self.socket()
        let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try DatagramPeer().send(bytes, segment: CInt(segment), to: socket)
        let count = (length + segment - 1) / segment
        let all = try Self.receive(count, from: socket, DatagramBatch())
        #expect(all.count == count)
        #expect(all.dropLast().allSatisfy { $0.count == segment })
        #expect(all.flatMap { $0 } == bytes)
    }

    @Test(arguments: [(65_507, false), (65_536, false), (65_537, true), (100_000, true)])
    func `a truncated datagram has its full length`(length: Int, isLost: Bool) throws {
        let isUDP = length <= 65_507
        let socket = try Self.socket(isUDP ? .udp : .unixDatagram)
        try DatagramPeer(isUDP ? "127.0.0.1" : nil).send([UInt8](repeating: 7, count: length), to: socket)
        let batch = DatagramBatch()
        try waitUntil("it has come") { try batch.receive(from: socket.raw, atMost: 1) == 1 }
        #expect(batch.length(0) == length)
        #expect((batch.length(0) > DatagramBatch.longest) == isLost)
        #expect(batch.withBytes(0) { $0.byteCount } == min(length, DatagramBatch.longest))
    }

    @Test(arguments: [
        (SocketAddress.ipv4(.any, port: 0), false, "127.0.0.5", "127.0.0.1"),
        (.ipv6(.any, port: 0, scope: 0), false, "::1", "::1"),
        (.ipv6(.any, port: 0, scope: 0), true, "::1", "::1"),
        (.ipv6(.any, port: 0, scope: 0), true, "127.0.0.5", "127.0.0.1"),
    ])
    func `a wildcard socket gets the destination address`(
        address: SocketAddress, dualStack: Bool, host: String, own: String
    ) throws {
        let socket = try Self.socket(.udp, address, dualStack: dualStack)
        try DatagramPeer(own).send("x", to: socket, host: host)
        let batch = DatagramBatch()
        _ = try Self.receive(1, from: socket, batch)
        let local = try #require(batch.local(0))
        let expected =
            host.contains(":")
            ? SocketAddress.ipv6(.loopback, port: 0, scope: 0) : .ipv4(IPv4Address(0x7f00_0005), port: 0)
        #expect(local.answer == expected)
        #expect(local.destination == expected)
    }

    @Test func `the kernel's dropped datagrams are counted`() throws {
        let socket = try Self.socket()
        var size: CInt = 1
        setsockopt(socket.raw, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<CInt>.size))
        let peer = try DatagramPeer()
        for _ in 0..<100 { try peer.send([UInt8](repeating: 1, count: 1000), to: socket) }
        let batch = DatagramBatch()
        var received = 0
        try waitUntil("all that there was is read") {
            let count = try batch.receive(from: socket.raw, atMost: 32)
            received += count
            return count == 0 && received > 0
        }
        // The kernel tells with the next that comes.
        try peer.send("x", to: socket)
        try waitUntil("it has come") { try batch.receive(from: socket.raw, atMost: 1) == 1 }
        #expect(Int(batch.dropped(0)) == 100 - received)
        #expect(received < 100)
    }

    @Test(arguments: [ECONNREFUSED, ENETDOWN, ENOMEM, EHOSTUNREACH])
    func `a failed read gives its error and no datagrams`(errno: CInt) throws {
        let socket = try Self.socket()
        try DatagramPeer().send("x", to: socket)
        let batch = DatagramBatch()
        _ = FaultInjection.failing(call: 1, with: errno) {
            #expect(throws: SystemError("recvmmsg", errno: errno)) { try batch.receive(from: socket.raw, atMost: 1) }
        }
        #expect(batch.count == 0)
        #expect(try Self.receive(1, from: socket, batch) == [[UInt8(ascii: "x")]])
    }

    // MARK: Sending on

    /// A connected pair: what is sent through one socket arrives at the other.
    private final class Path {
        let sender: OwnedDescriptor
        let receiver: ListeningSocket

        init() throws {
            receiver = try DatagramBatchTests.socket()
            sender = try OutgoingSocket.make(.udp, for: receiver.address)
            _ = try OutgoingSocket.connect(sender.raw, to: receiver.address)
        }
    }

    /// A batch that has received datagrams of these lengths, each full of its number.
    private static func batch(of lengths: [Int]) throws -> DatagramBatch {
        let (socket, peer, batch) = (try socket(), try DatagramPeer(), DatagramBatch())
        for (number, length) in lengths.enumerated() {
            try peer.send([UInt8](repeating: UInt8(number), count: length), to: socket)
        }
        // Over loopback they are there when send(2) returns.
        #expect(try batch.receive(from: socket.raw, atMost: DatagramBatch.capacity) == lengths.count)
        return batch
    }

    @Test(arguments: [EMSGSIZE, EINVAL, EIO, ENOBUFS, ENOMEM, EPERM, EOPNOTSUPP])
    func `segments that the kernel refuses together are sent one by one`(errno: CInt) throws {
        let lengths = [1000, 1000, 400, 0, 700, 700, 900]
        let batch = try Self.batch(of: lengths)
        let path = try Path()
        var joining = DatagramJoining(.udp)
        var result = DatagramResult()
        _ = FaultInjection.failing(call: 1, with: errno) {
            result = batch.send(0..<lengths.count, to: path.sender.raw, joining: &joining)
        }
        #expect(result == DatagramResult(datagrams: lengths.count, bytes: lengths.reduce(0, +)))
        #expect(joining.isAllowed == (errno != EOPNOTSUPP))
        #expect(try Self.receive(lengths.count, from: path.receiver, DatagramBatch()).map(\.count) == lengths)
    }

    @Test(arguments: [ECONNREFUSED, EHOSTUNREACH, EAGAIN])
    func `an error of the peer counts for all segments`(errno: CInt) throws {
        let batch = try Self.batch(of: [100, 100, 100])
        let path = try Path()
        var joining = DatagramJoining(.udp)
        _ = FaultInjection.failing(call: 1, with: errno) {
            let result = batch.send(0..<3, to: path.sender.raw, joining: &joining)
            #expect(result == DatagramResult(lost: 3, errno: errno))
        }
    }

    @Test func `a failure of any send call drops only the datagram that fails alone`() throws {
        let lengths = [1000, 1000, 400, 1400, 1400]
        let batch = try Self.batch(of: lengths)
        for call in 2...6 {
            let path = try Path()
            var joining = DatagramJoining(.can)
            var result = DatagramResult()
            let isReached = FaultInjection.failing(call: call, with: EMSGSIZE) {
                result = batch.send(0..<lengths.count, to: path.sender.raw, joining: &joining)
            }
            #expect(isReached == (call <= 5))
            #expect(result.lost == (isReached ? 1 : 0))
            var wanted = lengths
            if isReached { wanted.remove(at: call - 1) }
            #expect(try Self.receive(wanted.count, from: path.receiver, DatagramBatch()).map(\.count) == wanted)
        }
    }

    @Test(.enabled(if: geteuid() == 0, "needs root, for a network namespace"))
    func `segments longer than the path MTU are sent one by one`() throws {
        try inPrivateNetwork(mtu: 1280) {
            // Those of 1400 bytes cannot go joined, those of 1000 can.
            let lengths = [1400, 1400, 20, 1000, 1000, 1000]
            let batch = try Self.batch(of: lengths)
            let path = try Path()
            var joining = DatagramJoining(.udp)
            let result = batch.send(0..<lengths.count, to: path.sender.raw, joining: &joining)
            #expect(result == DatagramResult(datagrams: lengths.count, bytes: lengths.reduce(0, +)))
            #expect(joining.isAllowed)
            #expect(try Self.receive(lengths.count, from: path.receiver, DatagramBatch()).map(\.count) == lengths)
        }
    }

    @Test func `EINTR is retried`() throws {
        let socket = try Self.socket()
        try DatagramPeer().send("x", to: socket)
        _ = FaultInjection.failing(call: 1, with: EINTR) {
            #expect(throws: Never.self) { _ = try Self.receive(1, from: socket, DatagramBatch()) }
        }
    }
}
