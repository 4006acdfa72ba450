// SPDX-License-Identifier: Apache-2.0

import Glibc
import TestSupport
import Testing

@testable import Addresses
@testable import LinuxSystem

@Suite struct DatagramOutboxTests {
    private let outbox = DatagramOutbox()

    private func append(_ bytes: [UInt8], segment: Int = 0, to peer: DatagramPeer, isNext: Bool = false) {
        outbox.append(bytes.span.bytes, segment: segment, to: .ipv4(.loopback, port: peer.port), isNext: isNext)
    }

    private func flush(_ socket: ListeningSocket) -> [DatagramResult] {
        var results: [DatagramResult] = []
        outbox.flush(to: socket.raw) { index, result in
            #expect(index == results.count, "in their order")
            results.append(result)
        }
        #expect(outbox.count == 0)
        return results
    }

    /// Everything that has come, which over loopback is all that was sent.
    private func received(_ peer: DatagramPeer, _ count: Int) throws -> [[UInt8]] {
        var all: [[UInt8]] = []
        try waitUntil("\(count) datagrams have come") {
            while let next = peer.receive() { all.append(next) }
            return all.count >= count
        }
        return all
    }

    @Test func `many datagrams are sent with one call`() throws {
        let socket = try DatagramBatchTests.socket()
        let peers = try (0..<DatagramOutbox.capacity).map { _ in try DatagramPeer() }
        for (number, peer) in peers.enumerated() { append([UInt8(number)], to: peer) }
        #expect(!outbox.hasRoom(for: 0))
        // The second call would fail.
        var results: [DatagramResult] = []
        let isCalledTwice = FaultInjection.failing(call: 2, with: EPERM) { results = flush(socket) }
        #expect(!isCalledTwice)
        #expect(results == peers.map { _ in DatagramResult(datagrams: 1, bytes: 1) })
        for (number, peer) in peers.enumerated() { #expect(try received(peer, 1) == [[UInt8(number)]]) }
    }

    @Test func `an empty datagram is sent`() throws {
        let (socket, peer) = (try DatagramBatchTests.socket(), try DatagramPeer())
        append([], to: peer)
        #expect(flush(socket) == [DatagramResult(datagrams: 1, bytes: 0)])
        #expect(try received(peer, 1) == [[]])
    }

    private static let joined: [(Int, Int)] = [
        (3000, 1000), (2500, 1000), (1, 1000), (64 * 10, 10), (63 * 1000 + 1, 1000),
    ]

    @Test(arguments: joined)
    func `segments arrive as separate datagrams`(length: Int, segment: Int) throws {
        let (socket, peer) = (try DatagramBatchTests.socket(), try DatagramPeer())
        let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        append(bytes, segment: segment, to: peer)
        let count = (length + segment - 1) / segment
        #expect(flush(socket) == [DatagramResult(datagrams: count, bytes: length)])
        let all = try received(peer, count)
        #expect(all.flatMap { $0 } == bytes)
        #expect(all.dropLast().allSatisfy { $0.count == segment })
    }

    @Test(arguments: [EIO, EINVAL, EMSGSIZE, ENOBUFS, ENOMEM, EPERM])
    func `refused segments are sent one by one, and the next ones together`(errno: CInt) throws {
        let (socket, peer) = (try DatagramBatchTests.socket(), try DatagramPeer())
        let bytes = [UInt8](repeating: 1, count: 2500)
        append([0], to: peer)
        append(bytes, segment: 1000, to: peer)
        append([2], to: peer)
        var results: [DatagramResult] = []
        // All three entries are refused, which the kernel tells of the first.
        _ = FaultInjection.failing(call: 1, with: errno) { results = flush(socket) }
        #expect(results.first == DatagramResult(lost: 1, errno: errno))
        #expect(results.dropFirst().map(\.datagrams) == [3, 1])
        #expect(try received(peer, 4).map(\.count) == [1000, 1000, 500, 1])
        append(bytes, segment: 1000, to: peer)
        _ = FaultInjection.failing(call: 1, with: errno) {
            #expect(flush(socket) == [DatagramResult(datagrams: 3, bytes: 2500)])
        }
        append(bytes, segment: 1000, to: peer)
        let isCalledTwice = FaultInjection.failing(call: 2, with: EPERM) { _ = flush(socket) }
        #expect(!isCalledTwice)
        #expect(try received(peer, 6).count == 6)
    }

    @Test(arguments: [EIO, EINVAL, EOPNOTSUPP])
    func `without UDP_SEGMENT all are sent one by one`(errno: CInt) throws {
        let (socket, peer) = (try DatagramBatchTests.socket(), try DatagramPeer())
        let bytes = [UInt8](repeating: 1, count: 2500)
        let refusals = errno == EOPNOTSUPP ? 1 : Int(DatagramJoining.mostRefusals)
        for _ in 0..<refusals {
            append(bytes, segment: 1000, to: peer)
            _ = FaultInjection.failing(call: 1, with: errno) {
                #expect(flush(socket) == [DatagramResult(datagrams: 3, bytes: 2500)])
            }
        }
        #expect(try received(peer, 3 * refusals).count == 3 * refusals)
        // One before, three by themselves, and one after: five calls, of which none is tried in vain.
        append([1], to: peer)
        append(bytes, segment: 1000, to: peer)
        append([2], to: peer)
        var results: [DatagramResult] = []
        let isCalledSixTimes = FaultInjection.failing(call: 6, with: EPERM) { results = flush(socket) }
        #expect(!isCalledSixTimes)
        #expect(results.map(\.datagrams) == [1, 3, 1])
        #expect(try received(peer, 5).map(\.count) == [1, 1000, 1000, 500, 1])
    }

    @Test(.enabled(if: geteuid() == 0, "needs root, for a network namespace"))
    func `segments longer than the path MTU all arrive`() throws {
        try inPrivateNetwork(mtu: 1280) {
            let (socket, peer) = (try DatagramBatchTests.socket(), try DatagramPeer())
            let outbox = DatagramOutbox()
            for _ in 0..<3 {
                outbox.append(
                    [UInt8](repeating: 1, count: 2500).span.bytes, segment: 1400,
                    to: .ipv4(.loopback, port: peer.port))
            }
            var results: [DatagramResult] = []
            outbox.flush(to: socket.raw) { results.append($1) }
            #expect(results == (0..<3).map { _ in DatagramResult(datagrams: 2, bytes: 2500) })
            var lengths: [Int] = []
            try waitUntil("all have come") {
                while let next = peer.receive() { lengths.append(next.count) }
                return lengths.count == 6
            }
            #expect(lengths == [1400, 1100, 1400, 1100, 1400, 1100])
        }
    }

    @Test(arguments: [EAGAIN, EPERM, ENETUNREACH, ENOBUFS, ECONNREFUSED, EMSGSIZE])
    func `a datagram that cannot be sent is counted, and the others are sent`(errno: CInt) throws {
        let (socket, peer) = (try DatagramBatchTests.socket(), try DatagramPeer())
        for number in 0..<4 { append([UInt8(number)], to: peer) }
        var results: [DatagramResult] = []
        _ = FaultInjection.failing(call: 1, with: errno) { results = flush(socket) }
        #expect(results.first == DatagramResult(lost: 1, errno: errno))
        #expect(results.dropFirst().map(\.datagrams) == [1, 1, 1])
        #expect(try received(peer, 3) == [[1], [2], [3]])
    }

    @Test func `sending continues after a refused datagram`() throws {
        let (socket, peer) = (try DatagramBatchTests.socket(), try DatagramPeer())
        append([0], to: peer)
        // A host of another family cannot be reached from here.
        outbox.append([UInt8(1)].span.bytes, to: .ipv6(.loopback, port: peer.port, scope: 0))
        append([2], to: peer)
        let results = flush(socket)
        #expect(results.map(\.datagrams) == [1, 0, 1])
        #expect(results[1].lost == 1)
        #expect(results[1].errno == EAFNOSUPPORT)
        #expect(try received(peer, 2) == [[0], [2]])
    }

    @Test func `consecutive datagrams to one receiver are sent as segments`() throws {
        let (socket, peer) = (try DatagramBatchTests.socket(), try DatagramPeer())
        append([UInt8](repeating: 1, count: 100), to: peer)
        append([UInt8](repeating: 2, count: 100), to: peer, isNext: true)
        append([UInt8](repeating: 3, count: 30), to: peer, isNext: true)
        #expect(outbox.count == 1)
        // Behind a shorter one, nothing can be cut off any more; and nothing longer than the first.
        append([UInt8](repeating: 4, count: 100), to: peer, isNext: true)
        append([UInt8](repeating: 5, count: 101), to: peer, isNext: true)
        append([], to: peer, isNext: true)
        #expect(outbox.count == 4)
        #expect(flush(socket).map(\.datagrams) == [3, 1, 1, 1])
        #expect(try received(peer, 6).map(\.count) == [100, 100, 30, 100, 101, 0])
    }

    @Test func `the outbox has a limit`() throws {
        let peer = try DatagramPeer()
        #expect(outbox.hasRoom(for: 65_507))
        append([UInt8](repeating: 0, count: 65_507), to: peer)
        append([UInt8](repeating: 0, count: 65_507), to: peer)
        #expect(!outbox.hasRoom(for: 65_507))
        #expect(outbox.hasRoom(for: 10))
        _ = flush(try DatagramBatchTests.socket())
        #expect(outbox.hasRoom(for: 65_507))
    }

    @Test(arguments: [
        (SocketAddress.ipv4(.any, port: 0), false, "127.0.0.5", "127.0.0.1"),
        (.ipv6(.any, port: 0, scope: 0), false, "::1", "::1"),
        (.ipv6(.any, port: 0, scope: 0), true, "::1", "::1"),
        (.ipv6(.any, port: 0, scope: 0), true, "127.0.0.5", "127.0.0.1"),
    ])
    func `an answer is sent from the destination address of the request`(
        address: SocketAddress, dualStack: Bool, host: String, own: String
    ) throws {
        let socket = try DatagramBatchTests.socket(.udp, address, dualStack: dualStack)
        let peer = try DatagramPeer(own)
        try peer.send("question", to: socket, host: host)
        let batch = DatagramBatch()
        _ = try DatagramBatchTests.receive(1, from: socket, batch)
        outbox.append(returning: 0, of: batch)
        let source = try #require(batch.source(0)).canonical
        outbox.append(Array("answer".utf8).span.bytes, to: source, from: try #require(batch.local(0)).answer)
        #expect(flush(socket).map(\.datagrams) == [1, 1])
        for text in ["question", "answer"] {
            let answer = try waitFor("an answer") { peer.receiveWithSource() }
            #expect(answer.host == host)
            #expect(String(decoding: answer.bytes, as: UTF8.self) == text)
        }
    }

    @Test func `datagrams for a full Unix socket are counted as lost`() throws {
        let socket = try DatagramBatchTests.socket(.unixDatagram)
        let peer = try DatagramPeer(nil)
        try peer.send("x", to: socket)
        let batch = DatagramBatch()
        _ = try DatagramBatchTests.receive(1, from: socket, batch)
        var went = 0
        var lost = 0
        for _ in 0..<100 {
            for _ in 0..<DatagramOutbox.capacity { outbox.append(returning: 0, of: batch) }
            for result in flush(socket) {
                went += result.datagrams
                lost += result.lost
                #expect(result.errno == (result.lost > 0 ? EAGAIN : 0))
            }
        }
        #expect(went + lost == 100 * DatagramOutbox.capacity)
        #expect(lost > 0)
        #expect(try received(peer, went).count == went)
    }
}
