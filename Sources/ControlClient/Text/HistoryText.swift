// SPDX-License-Identifier: Apache-2.0

import ControlProtocol
import FoundationEssentials

/// What `History` returned, in all its replies.
package struct HistoryList: Sendable {
    /// The JSON object of each record, the newest first.
    package var records: [String]
    /// How many the daemon keeps at most.
    package var capacity: Int

    /// One JSON object, with the records as they were sent.
    package var json: String { "{\"records\":[\(records.joined(separator: ","))],\"capacity\":\(capacity)}" }
}

/// The history for people. Pure.
package enum HistoryText {
    /// What the table shows of a record.
    private struct Entry: Decodable {
        let time: String
        let connection: UInt64?
        let listener: String?
        let peer: String?
        let uid: UInt32?
        let pid: Int32?
        let duration: UInt64?
        let bytesIn: UInt64?
        let bytesOut: UInt64?
        let reason: String?
        /// Of a refusal.
        let rule: String?

        enum CodingKeys: String, CodingKey {
            case time, connection, listener, peer, uid, pid, reason, rule
            case duration = "duration_us"
            case bytesIn = "bytes_in"
            case bytesOut = "bytes_out"
        }
    }

    /// The table and a line with the number of entries, each line with its line feed.
    ///
    /// - Parameters:
    ///   - now: the time in microseconds since 1970.
    ///   - zone: the zone of the times.
    package static func text(
        _ list: HistoryList, now: UInt64, zone: LocalTime.Zone = .local, _ style: OutputStyle
    ) -> String {
        guard !list.records.isEmpty else {
            return list.capacity == 0
                ? "usherd keeps no history: history of [daemon] is 0\n" : "no entries\n"
        }
        var table = TextTable([
            .word("TIME"), .number("NUMBER"), .name("LISTENER", least: 6), .name("PEER", least: 12),
            .number("LASTED"), .number("IN"), .number("OUT"), .name("REASON", least: 8),
        ])
        for record in list.records {
            guard let entry = try? JSONDecoder().decode(Entry.self, from: Data(record.utf8)) else { continue }
            table.add(cells(entry, now, zone))
        }
        let lines = table.lines(style) + [count(of: list)]
        return lines.map { $0 + "\n" }.joined()
    }

    private static func cells(_ entry: Entry, _ now: UInt64, _ zone: LocalTime.Zone) -> [TextTable.Cell] {
        let time = LocalTime.microseconds(ofRecord: entry.time).map { LocalTime.text($0, now: now, zone: zone) }
        let isRefusal = entry.rule != nil
        let duration = entry.duration.map { Amount.duration(microseconds: $0) } ?? "-"
        let texts = [
            time ?? entry.time, entry.connection.map { String($0) } ?? "-", entry.listener ?? "-", peer(of: entry),
            duration, entry.bytesIn.map(Amount.bytes) ?? "-",
            entry.bytesOut.map(Amount.bytes) ?? "-", entry.rule.map(key) ?? entry.reason ?? "-",
        ]
        return texts.map { TextTable.Cell($0, isRefusal ? .unusual : nil) }
    }

    /// The key behind a refusal, without its table if that is the listener's.
    private static func key(_ rule: String) -> String {
        let table = "listener."
        return rule.hasPrefix(table) ? String(rule.dropFirst(table.utf8.count)) : rule
    }

    /// The client: its address, or its process where a Unix socket has no address.
    private static func peer(of entry: Entry) -> String {
        let address = entry.peer ?? ""
        let short = address.firstRange(of: "://").map { String(address[$0.upperBound...]) } ?? address
        guard short.isEmpty else { return withoutPort(short) }
        guard let pid = entry.pid, let uid = entry.uid else { return "unix" }
        return "pid \(pid) uid \(uid)"
    }

    /// An IP address without its port, which seldom matters afterwards; any other address unchanged.
    private static func withoutPort(_ address: String) -> String {
        guard let colon = address.utf8.lastIndex(of: UInt8(ascii: ":")), colon != address.startIndex,
            address[colon...].dropFirst().allSatisfy(\.isNumber)
        else { return address }
        let host = address[..<colon]
        return host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : String(host)
    }

    private static func count(of list: HistoryList) -> String {
        let count = list.records.count
        return "\(count) \(count == 1 ? "entry" : "entries"); usherd keeps the last \(list.capacity)"
    }
}
