// SPDX-License-Identifier: Apache-2.0

import Glibc

@testable import Addresses
@testable import LinuxSystem

/// Sockets of which each hands on what it gets to the next, over loopback. Made once, since fuzzing does nothing else all day.
final class DatagramChain {
    let entry: OwnedDescriptor
    let relay: ListeningSocket
    let exit: OwnedDescriptor
    let end: ListeningSocket
    let batch = DatagramBatch()
    let outbox = DatagramOutbox()

    init() throws(SystemError) {
        relay = try Self.socket()
        end = try Self.socket()
        entry = try Self.connected(to: relay.address)
        exit = try Self.connected(to: end.address)
    }

    private static func socket() throws(SystemError) -> ListeningSocket {
        try ListeningSocket(
            kind: .udp, address: .ipv4(.loopback, port: 0), dualStack: false, options: ListeningOptions())
    }

    private static func connected(to address: SocketAddress) throws(SystemError) -> OwnedDescriptor {
        let socket = try OutgoingSocket.make(.udp, for: address)
        _ = try OutgoingSocket.connect(socket.raw, to: address)
        return socket
    }

    /// Each datagram that a socket has, by itself.
    func receive(from socket: ListeningSocket) throws(SystemError) -> [[UInt8]] {
        var all: [[UInt8]] = []
        while try batch.receive(from: socket.raw, atMost: DatagramBatch.capacity) > 0 {
            for index in 0..<batch.count {
                let (bytes, segment) = (copy(index), batch.segment(index))
                if segment == 0 { all.append(bytes) }
                guard segment > 0 else { continue }
                for start in stride(from: 0, to: bytes.count, by: segment) {
                    all.append(Array(bytes[start..<min(start + segment, bytes.count)]))
                }
            }
        }
        return all
    }

    func copy(_ index: Int) -> [UInt8] { batch.withBytes(index) { $0.withUnsafeBytes(Array.init) } }
}

/// What holds for datagrams of whatever lengths, joined or not, that are sent on and answered: each arrives once, whole, and
/// in order. In sentences where it does not; fuzzing checks the same.
///
/// Each datagram is two bytes: the length, and whether it is the last of a group that is read at once.
func datagramInvariantFailures(of bytes: [UInt8], _ chain: DatagramChain) throws(SystemError) -> [String] {
    var failures: [String] = []
    var group: [[UInt8]] = []
    var rest = bytes[...]
    // As many as a socket holds, however long they are.
    for _ in 0..<24 where failures.isEmpty {
        guard let length = rest.popFirst(), let more = rest.popFirst() else { break }
        let count = more & 0x80 == 0 ? Int(length) : Int(length) * 257
        group.append((0..<min(count, 65_507)).map { UInt8(truncatingIfNeeded: $0 &+ group.count) })
        if more & 1 == 0 || group.count == 8 {
            failures += try pass(group, segment: Int(more >> 1 & 0x3f) * 32, chain)
            group = []
        }
    }
    if !group.isEmpty { failures += try pass(group, segment: 0, chain) }
    return failures
}

private func pass(_ group: [[UInt8]], segment: Int, _ chain: DatagramChain) throws(SystemError) -> [String] {
    for datagram in group { _ = try MessageSocket.send(.udp, chain.entry.raw, datagram) }
    var failures: [String] = []
    var joining = DatagramJoining(.udp)
    var (sent, lost) = (0, 0)
    var errno: CInt = 0
    while try chain.batch.receive(from: chain.relay.raw, atMost: DatagramBatch.capacity) > 0 {
        let count = chain.batch.count
        let result = chain.batch.send(0..<count, to: chain.exit.raw, joining: &joining)
        sent += result.datagrams
        lost += result.lost
        errno = result.errno
        // The same as answers, copied and as they came.
        for index in 0..<count where chain.outbox.hasRoom(for: chain.batch.length(index)) {
            let segment = chain.batch.segment(index)
            chain.batch.withBytes(index) { _ = chain.outbox.append($0, segment: segment, to: chain.end.address) }
        }
    }
    if lost > 0 { failures.append("\(lost) are lost: \(errno)") }
    if sent != group.count { failures.append("\(sent) of \(group.count) went") }
    if try chain.receive(from: chain.end) != group { failures.append("other datagrams arrived than were sent") }
    var answered = 0
    chain.outbox.flush(to: chain.relay.raw) { answered += $1.datagrams }
    if try chain.receive(from: chain.end).count != answered { failures.append("other answers than were counted") }
    // One long run of bytes in parts of any length.
    guard segment > 0, let whole = group.max(by: { $0.count < $1.count }), whole.count / segment < 64 else {
        return failures
    }
    chain.outbox.append(whole.span.bytes, segment: segment, to: chain.end.address)
    chain.outbox.flush(to: chain.relay.raw) { _, result in
        if result.bytes != whole.count { failures.append("\(result.bytes) bytes of \(whole.count) went") }
    }
    if try chain.receive(from: chain.end).flatMap({ $0 }) != whole { failures.append("other parts than were sent") }
    return failures
}
