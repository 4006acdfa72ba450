// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// Brings the records of several producers into the order in which they happened. Pure.
///
/// What one producer wrote is never put in another order, so the records of a connection, which are all of one lane, keep
/// theirs even where the clock was set back in between.
struct RecordMerge {
    /// The batches of each producer, in the order in which it submitted them.
    private var sources: [[EncodedRecords]] = []
    private var places: [ObjectIdentifier: Int] = [:]

    /// How many records there are.
    private(set) var count = 0

    /// Adds a batch of a producer.
    mutating func add(_ records: EncodedRecords, of producer: ObjectIdentifier) {
        count += records.count
        if let place = places[producer] {
            sources[place].append(records)
        } else {
            places[producer] = sources.count
            sources.append([records])
        }
    }

    /// All records in one encoding.
    func bytes(in encoding: RecordEncoding) -> [UInt8] {
        // One lane's batch, as on a host with one processor, is in order already.
        if sources.count == 1, sources[0].count == 1 { return sources[0][0][encoding] }
        if sources.count == 1 { return sources[0].reduce(into: []) { $0 += $1[encoding] } }
        return merged(in: encoding)
    }

    /// What was not merged yet of one producer.
    private struct Cursor {
        let batches: [EncodedRecords]
        var batch = 0
        var record = 0

        /// When the next record happened, or one before it of the same producer if that was later; nil at the end.
        var time: UInt64?

        init(_ batches: [EncodedRecords]) {
            self.batches = batches
            advance()
        }

        /// Appends the next record and all behind it that happened at `last` or before.
        mutating func move(until last: UInt64, in encoding: RecordEncoding, to result: inout [UInt8]) {
            repeat {
                let (from, start) = (batch, record == 0 ? 0 : batches[batch].places[record - 1].end(in: encoding))
                var end = start
                repeat {
                    end = batches[batch].places[record].end(in: encoding)
                    record += 1
                    advance()
                } while batch == from && time.map { $0 <= last } ?? false
                result += batches[from][encoding][start..<end]
            } while time.map { $0 <= last } ?? false
        }

        /// Looks at the next record.
        private mutating func advance() {
            while batch < batches.count, record == batches[batch].count { (batch, record) = (batch + 1, 0) }
            time = batch < batches.count ? max(time ?? 0, batches[batch].places[record].time) : nil
        }
    }

    private func merged(in encoding: RecordEncoding) -> [UInt8] {
        var cursors = sources.map(Cursor.init)
        var result: [UInt8] = []
        result.reserveCapacity(sources.reduce(0) { $1.reduce($0) { $0 + $1[encoding].count } })
        while let (source, last) = Self.next(of: cursors) {
            cursors[source].move(until: last, in: encoding, to: &result)
        }
        return result
    }

    /// Whose record is next, and until when its records come before those of all others; at the same time the first
    /// producer's do.
    private static func next(of cursors: [Cursor]) -> (source: Int, last: UInt64)? {
        var first: (source: Int, time: UInt64)?
        var last = UInt64.max
        for source in cursors.indices {
            guard let time = cursors[source].time else { continue }
            guard let other = first else {
                first = (source, time)
                continue
            }
            if time < other.time {
                first = (source, time)
                last = Clock.span(from: 1, to: other.time)
            } else {
                last = min(last, time)
            }
        }
        return first.map { ($0.source, last) }
    }
}
