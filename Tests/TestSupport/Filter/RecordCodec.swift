// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem

/// The raw bytes of a socket, as a ``RecordCodec`` moves them.
protocol RawBytes {
    /// Reads at most so many bytes, and appends them.
    func receive(_ bytes: inout [UInt8], atMost: Int) throws(SystemError) -> Transfer

    /// Writes what goes of some bytes.
    func send(_ bytes: ArraySlice<UInt8>) throws(SystemError) -> Transfer
}

/// A transport that is as troublesome as TLS can be: it transforms every byte, cuts what is written into short records,
/// delivers it in odd pieces, says hello first, has to write to go on reading, and to read to go on writing.
///
/// On the wire: a byte that says what it is, two for the length, and the payload. After ``ackEvery`` records of data the
/// receiver has to acknowledge before it delivers more; with ``window`` that are not acknowledged the sender has to read
/// before it writes more. Both sides use it: usherd as a filter, the test's peer by itself.
final class RecordCodec {
    private enum Kind: UInt8 {
        case hello = 0x81
        case data, ack, end
    }

    private static let key: UInt8 = 0x5a
    private static let longestRecord = 300
    private static let window = 8
    private static let ackEvery = 3

    private var random: SplitMix?

    /// What was read and not understood yet, and what was understood and not delivered.
    private var inbound: [UInt8] = []
    private var plain: [UInt8] = []
    private var plainStart = 0

    /// What is to be written, and the plain bytes of the record in it that do not count as written yet.
    private var outbound: [UInt8] = []
    private var outboundStart = 0
    private var pending: [UInt8] = []

    private var saidHello = false
    private var heardHello = false
    private var saidEnd = false
    private var heardEnd = false

    /// How many records the peer has not acknowledged, and how many of the peer's are to be acknowledged.
    private var unacknowledged = 0
    private var owed = 0

    /// A new connection.
    ///
    /// - Parameter seed: of the lengths of the pieces in which bytes are delivered; nil delivers all that there are.
    init(seed: UInt64?) {
        random = seed.map { SplitMix(seed: $0) }
    }

    /// Reads plain bytes.
    func read(into buffer: inout MutableRawSpan, _ raw: some RawBytes) throws(SystemError) -> Transfer {
        sayHello()
        while true {
            if owed >= Self.ackEvery, !saidEnd {
                owed -= Self.ackEvery
                append(.ack, [])
            }
            // It may have to write to go on reading.
            guard try flush(raw) || saidEnd else { return .wouldBlock }
            if plainStart < plain.count { return .moved(deliver(into: &buffer)) }
            if heardEnd { return .endOfStream }
            guard try fill(raw) else { return heardEnd ? .endOfStream : .wouldBlock }
        }
    }

    /// Writes plain bytes. After a call that would block, the next one has to begin with the same bytes.
    func write(_ bytes: RawSpan, _ raw: some RawBytes) throws(SystemError) -> Transfer {
        sayHello()
        guard try flush(raw) else { return .wouldBlock }
        var taken = 0
        if !pending.isEmpty {
            let isSame =
                bytes.byteCount >= pending.count
                && pending.indices.allSatisfy { bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) == pending[$0] }
            precondition(isSame, "a write that would block is repeated with the same bytes")
            taken = pending.count
            pending = []
        }
        while taken < bytes.byteCount {
            if !heardEnd, !heardHello || unacknowledged >= Self.window {
                // It has to read to go on writing.
                guard try fill(raw) else { break }
                continue
            }
            let count = min(bytes.byteCount - taken, Self.longestRecord)
            let part = (taken..<taken + count).map { bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
            append(.data, part)
            unacknowledged += 1
            guard try flush(raw) else {
                pending = part
                break
            }
            taken += count
        }
        return taken > 0 ? .moved(taken) : .wouldBlock
    }

    /// Tells the peer that no more comes.
    ///
    /// - Returns: whether it went.
    func finish(_ raw: some RawBytes) throws(SystemError) -> Bool {
        sayHello()
        if !saidEnd {
            saidEnd = true
            append(.end, [])
        }
        return try flush(raw)
    }

    // MARK: - Records

    private func sayHello() {
        if !saidHello { append(.hello, []) }
        saidHello = true
    }

    private func append(_ kind: Kind, _ payload: [UInt8]) {
        outbound.append(kind.rawValue)
        outbound.append(UInt8(payload.count >> 8))
        outbound.append(UInt8(payload.count & 0xff))
        outbound.append(contentsOf: payload.map { $0 ^ Self.key })
    }

    private func flush(_ raw: some RawBytes) throws(SystemError) -> Bool {
        while outboundStart < outbound.count {
            guard case .moved(let count) = try raw.send(outbound[outboundStart...]) else { return false }
            outboundStart += count
        }
        outbound = []
        outboundStart = 0
        return true
    }

    /// Reads once. - Returns: whether anything came.
    private func fill(_ raw: some RawBytes) throws(SystemError) -> Bool {
        switch try raw.receive(&inbound, atMost: random == nil ? 64 << 10 : 1000) {
        case .wouldBlock: return false
        case .endOfStream:
            // Nobody is left to acknowledge anything.
            heardEnd = true
            return false
        case .moved:
            try parse()
            return true
        }
    }

    private func parse() throws(SystemError) {
        var start = 0
        while inbound.count - start >= 3 {
            let end = start + 3 + Int(inbound[start + 1]) << 8 + Int(inbound[start + 2])
            guard end <= inbound.count else { break }
            switch Kind(rawValue: inbound[start]) {
            case .hello: heardHello = true
            case .ack: unacknowledged = max(0, unacknowledged - Self.ackEvery)
            case .end: heardEnd = true
            case .data:
                owed += 1
                plain.append(contentsOf: inbound[start + 3..<end].map { $0 ^ Self.key })
            // Something was written past the filter, or by a peer that has none.
            case nil: throw SystemError("recv", errno: EBADMSG)
            }
            start = end
        }
        inbound.removeFirst(start)
    }

    /// Gives some of what is there.
    private func deliver(into buffer: inout MutableRawSpan) -> Int {
        let most = min(plain.count - plainStart, buffer.byteCount)
        var count = most
        if var random {
            count = Int.random(in: 1...most, using: &random)
            self.random = random
        }
        for index in 0..<count {
            buffer.storeBytes(of: plain[plainStart + index], toByteOffset: index, as: UInt8.self)
        }
        plainStart += count
        if plainStart == plain.count {
            plain = []
            plainStart = 0
        }
        return count
    }
}
