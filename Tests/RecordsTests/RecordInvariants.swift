// SPDX-License-Identifier: Apache-2.0

import Addresses
import Foundation
import LinuxSystem

@testable import Records

/// What holds for a record with whatever names and numbers, in sentences where it does not. Fuzzing checks the same. That an
/// encoder reserves enough is among it, since it traps otherwise.
func recordInvariantFailures(of bytes: [UInt8]) -> [String] {
    var source = RecordSource(bytes)
    var failures: [String] = []
    var encoders = RecordEncoders()
    for _ in 0..<4 {
        if source.next() & 1 == 0 {
            let record = source.connectionRecord()
            failures += encoders.check({ $0.encode(record, to: &$1) }, { $0.encode(record, to: &$1) }) {
                $0.encode(record, to: &$1)
            }
        } else {
            let record = source.daemonRecord()
            failures += encoders.check({ $0.encode(record, to: &$1) }, { $0.encode(record, to: &$1) }) {
                $0.encode(record, to: &$1)
            }
        }
    }
    return failures
}

/// One encoder of each kind, as a lane has them: what they remember of one record goes into the next.
private struct RecordEncoders {
    private var json = JSONLineEncoder()
    private var texts = [TextEncoder(.plain), TextEncoder(.terminal(.utc, colour: true))]
    private var journal = JournalEncoder()

    mutating func check(
        _ toJSON: (inout JSONLineEncoder, inout [UInt8]) -> Void, _ toText: (inout TextEncoder, inout [UInt8]) -> Void,
        _ toJournal: (inout JournalEncoder, inout [UInt8]) -> Void
    ) -> [String] {
        var failures: [String] = []
        var line: [UInt8] = []
        toJSON(&json, &line)
        let isOneLine = line.last == 10 && !line.dropLast().contains { $0 < 0x20 || $0 == 0x7f }
        if !isOneLine || (try? JSONSerialization.jsonObject(with: Data(line))) as? [String: Any] == nil {
            failures.append("no line of JSON: \(String(decoding: line, as: UTF8.self).debugDescription)")
        }
        for index in texts.indices {
            line = []
            toText(&texts[index], &line)
            // Colors begin with an escape, and nothing else may.
            let harmful = line.dropLast().contains { ($0 < 0x20 && (index == 0 || $0 != 0x1b)) || $0 == 0x7f }
            if line.last != 10 || harmful { failures.append("no harmless line: \(line)") }
        }
        line = []
        toJournal(&journal, &line)
        var frames = JournalFrames(line)
        var fields: [Range<Int>] = []
        var entries = 0
        while frames.next(fields: &fields) {
            entries += 1
            for field in fields where !line[field].contains(UInt8(ascii: "=")) {
                failures.append("a field without a name")
            }
            if fields.isEmpty { failures.append("an entry without fields") }
        }
        if entries != 1 { failures.append("\(entries) entries of one record") }
        return failures
    }
}

/// Makes records of bytes.
private struct RecordSource {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    mutating func next() -> UInt8 { rest.popFirst() ?? 0 }

    private mutating func number() -> UInt64 {
        switch next() % 4 {
        case 0: UInt64(next())
        case 1: .max
        case 2: (0..<8).reduce(0) { word, _ in word << 8 | UInt64(next()) }
        default: 1 << UInt64(next() % 64)
        }
    }

    /// Some bytes as they come; their number may be large without so many being there.
    private mutating func text(_ most: Int) -> [UInt8] {
        let count = Int(next()) * most / 255
        let part = Array(rest.prefix(min(count, 64)))
        rest = rest.dropFirst(part.count)
        guard !part.isEmpty else { return [] }
        return (0..<count).map { part[$0 % part.count] }
    }

    private mutating func address() -> SocketAddress {
        switch next() % 7 {
        case 0: .ipv4(IPv4Address(UInt32(truncatingIfNeeded: number())), port: UInt16(truncatingIfNeeded: number()))
        case 1:
            .ipv6(
                IPv6Address(high: number(), low: number()), port: UInt16(truncatingIfNeeded: number()),
                scope: UInt32(truncatingIfNeeded: number()))
        case 2: .unix(path: text(108))
        case 3: .abstract(name: text(107))
        case 4: .vsock(cid: UInt32(truncatingIfNeeded: number()), port: UInt32(truncatingIfNeeded: number()))
        case 5: .can(InterfaceName(String(decoding: text(15), as: UTF8.self)) ?? .any, .none)
        default: .unnamed
        }
    }

    private mutating func kind() -> SocketKind { SocketKind.allCases[Int(next()) % SocketKind.allCases.count] }

    private mutating func traffic() -> ConnectionTraffic {
        var traffic = ConnectionTraffic(bytesIn: number(), bytesOut: number(), durationMicroseconds: number())
        if next() & 1 == 0 {
            traffic.datagrams = DatagramTraffic(received: number(), sent: number(), dropped: number())
        }
        return traffic
    }

    private mutating func refusal() -> Refusal {
        switch next() % 9 {
        case 0: .listenerLimit(Int(truncatingIfNeeded: number()))
        case 1: .daemonLimit(Int(truncatingIfNeeded: number()))
        // Only sentences of the parser stand there.
        case 2: .proxyHeader(String(repeating: "a mistake ", count: Int(next()) % 30))
        case 3: .loop(Int(truncatingIfNeeded: number()))
        case 4: .upstreamsDown
        case 5: .queueLimit(Int(truncatingIfNeeded: number()))
        case 6: .ended(.resetByClient)
        case 7: .upstreamsWithdrawn
        default: .ownAddress
        }
    }

    private mutating func event() -> ConnectionRecord.Event {
        switch next() % 5 {
        case 0: return .open
        case 1: return .live(traffic())
        case 2: return .progress(traffic())
        case 3: return .refused(refusal())
        default:
            let reason = CloseReason.allCases[Int(next()) % CloseReason.allCases.count]
            let party = CloseParty.allCases[Int(next()) % CloseParty.allCases.count]
            return .close(
                ConnectionEnd(reason, by: party, errno: CInt(truncatingIfNeeded: number()), traffic: traffic()))
        }
    }

    mutating func connectionRecord() -> ConnectionRecord {
        // The configuration lets nothing else be a name.
        let label = ListenerLabel(name: String(repeating: "n", count: Int(next()) % 64 + 1), service: "forward")
        let credentials: PeerCredentials? =
            next() & 1 == 0
            ? PeerCredentials(
                pid: UInt32(truncatingIfNeeded: number()), uid: UInt32(truncatingIfNeeded: number()),
                gid: UInt32(truncatingIfNeeded: number())) : nil
        return ConnectionRecord(
            time: number(), event: event(), connection: number(), listener: label, kind: kind(), peer: address(),
            local: address(), credentials: credentials, via: next() & 1 == 0 ? address() : nil,
            upstream: next() & 1 == 0 ? trace() : nil)
    }

    private mutating func trace() -> UpstreamTrace {
        UpstreamTrace(
            upstream: next() & 1 == 0 ? RecordedAddress(kind(), address()) : nil, connectMicroseconds: number(),
            attempts: Int(truncatingIfNeeded: number() >> 1),
            failures: (0..<Int(next()) % 4).map { _ in String(decoding: text(200), as: UTF8.self) })
    }

    mutating func daemonRecord() -> DaemonRecord {
        DaemonRecord(
            time: number(), EventKind.allCases[Int(next()) % EventKind.allCases.count],
            String(decoding: text(1000), as: UTF8.self),
            listener: next() & 1 == 0 ? ListenerLabel(name: "n", service: "echo") : nil,
            local: next() & 1 == 0 ? RecordedAddress(kind(), address()) : nil,
            errno: CInt(truncatingIfNeeded: number()),
            fields: [
                RecordField("text", .text(String(decoding: text(500), as: UTF8.self))),
                RecordField("number", .integer(number())), RecordField("time", .time(number())),
            ])
    }
}
