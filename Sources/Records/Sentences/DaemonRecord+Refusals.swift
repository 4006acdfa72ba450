// SPDX-License-Identifier: Apache-2.0

extension DaemonRecord {
    /// Several connections were refused for one reason and share this record.
    ///
    /// - Parameters:
    ///   - refusal: the reason of the last one.
    ///   - from: when the first was refused, and `until` the last: nanoseconds since 1970-01-01T00:00:00Z.
    package static func refused(
        _ count: UInt64, for refusal: Refusal, from: UInt64, until: UInt64, listener: ListenerLabel, time: UInt64
    ) -> DaemonRecord {
        let connections = count == 1 ? "1 more connection" : "\(Quantity.grouped(count)) more connections"
        return DaemonRecord(
            time: time, .refused, "refused \(connections): \(refusal.reason)", listener: listener,
            fields: [
                RecordField("rule", .text(refusal.rule.description)), RecordField("count", .integer(count)),
                RecordField("from", .time(from)), RecordField("until", .time(until)),
            ])
    }
}
