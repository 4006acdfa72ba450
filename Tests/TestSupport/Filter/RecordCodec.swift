// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinuxSystem

/// The raw bytes of a socket, as a ``RecordCodec`` moves them.
protocol RawBytes {
    /// Reads what fits.
    func receive(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Transfer

    /// Writes what goes of some bytes.
    func send(_ bytes: UnsafeRawBufferPointer) throws(SystemError) -> Transfer
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
    private let inbound = ByteQueue()
    private let plain = ByteQueue()

    /// What is to be written, and the plain bytes of the records in it that do not count as written yet.
    private let outbound = ByteQueue()
    private let pending = ByteQueue()

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
                append(.ack)
            }
            // It may have to write to go on reading.
            guard try flush(raw) || saidEnd else { return .wouldBlock }
            if !plain.isEmpty { return .moved(deliver(into: &buffer)) }
            if heardEnd { return .endOfStream }
            guard try fill(raw) else { return heardEnd ? .endOfStream : .wouldBlock }
        }
    }

    /// Writes plain bytes. After a call that would block, or that took fewer, the next one has to begin with the bytes that did
    /// not count.
    func write(_ bytes: RawSpan, _ raw: some RawBytes) throws(SystemError) -> Transfer {
        sayHello()
        guard try flush(raw) else { return .wouldBlock }
        var taken = 0
        if !pending.isEmpty {
            taken = pending.count
            let isSame = bytes.withUnsafeBytes { bytes in
                guard let start = bytes.baseAddress, let expected = pending.bytes.baseAddress, bytes.count >= taken
                else { return false }
                return memcmp(start, expected, taken) == 0
            }
            precondition(isSame, "a write that would block is repeated with the same bytes")
            pending.removeAll()
        }
        while taken < bytes.byteCount {
            guard heardEnd || heardHello && unacknowledged < Self.window else {
                // It has to read to go on writing.
                guard try fill(raw) else { break }
                continue
            }
            let start = taken
            while taken < bytes.byteCount, heardEnd || unacknowledged < Self.window {
                let count = min(bytes.byteCount - taken, Self.longestRecord)
                bytes.withUnsafeBytes { append(.data, UnsafeRawBufferPointer(rebasing: $0[taken..<taken + count])) }
                unacknowledged += 1
                taken += count
            }
            guard try flush(raw) else {
                // None of these records counts before all of them went.
                bytes.withUnsafeBytes { pending.append(UnsafeRawBufferPointer(rebasing: $0[start..<taken])) }
                taken = start
                break
            }
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
            append(.end)
        }
        return try flush(raw)
    }

    // MARK: - Records

    private func sayHello() {
        if !saidHello { append(.hello) }
        saidHello = true
    }

    private func append(_ kind: Kind, _ payload: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0))
    {
        outbound.append(kind.rawValue)
        outbound.append(UInt8(payload.count >> 8))
        outbound.append(UInt8(payload.count & 0xff))
        outbound.append(payload)
        outbound.flip(last: payload.count, Self.key)
    }

    private func flush(_ raw: some RawBytes) throws(SystemError) -> Bool {
        while !outbound.isEmpty {
            guard case .moved(let count) = try raw.send(outbound.bytes) else { return false }
            outbound.removeFirst(count)
        }
        return true
    }

    /// Reads once. - Returns: whether anything came.
    private func fill(_ raw: some RawBytes) throws(SystemError) -> Bool {
        var transfer = Transfer.wouldBlock
        try inbound.append(atMost: random == nil ? 64 << 10 : 1000) { room throws(SystemError) in
            transfer = try raw.receive(into: room)
            return if case .moved(let count) = transfer { count } else { 0 }
        }
        switch transfer {
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
        while inbound.count >= 3 {
            let bytes = inbound.bytes
            let length = 3 + Int(bytes[1]) << 8 + Int(bytes[2])
            guard length <= bytes.count else { break }
            switch Kind(rawValue: bytes[0]) {
            case .hello: heardHello = true
            case .ack: unacknowledged = max(0, unacknowledged - Self.ackEvery)
            case .end: heardEnd = true
            case .data:
                owed += 1
                plain.append(UnsafeRawBufferPointer(rebasing: bytes[3..<length]))
                plain.flip(last: length - 3, Self.key)
            // Something was written past the filter, or by a peer that has none.
            case nil: throw SystemError("recv", errno: EBADMSG)
            }
            inbound.removeFirst(length)
        }
    }

    /// Gives some of what is there.
    private func deliver(into buffer: inout MutableRawSpan) -> Int {
        let most = min(plain.count, buffer.byteCount)
        var count = most
        if var random {
            count = Int.random(in: 1...most, using: &random)
            self.random = random
        }
        buffer.withUnsafeMutableBytes { $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: plain.bytes[..<count])) }
        plain.removeFirst(count)
        return count
    }
}
