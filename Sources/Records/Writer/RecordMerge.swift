// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// Sorts the records of several producers by time. Pure.
///
/// The order of one producer's records never changes. A connection belongs to one lane, so its records stay in order even if the
/// clock was set back in between.
struct RecordMerge {
    /// The batches of each producer, in the order in which they were submitted.
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
        // A single batch, as on a host with one processor, is sorted already.
        if sources.count == 1, sources[0].count == 1 { return sources[0][0][encoding] }
        if sources.count == 1 { return sources[0].reduce(into: []) { $0 += $1[encoding] } }
        return merged(in: encoding)
    }

    /// The unmerged records of one producer.
    private struct Cursor {
        let batches: [EncodedRecords]
        var batch = 0
        var record = 0

        /// The time of the next record, or of an earlier one of the same producer if that is later; nil at the end.
        var time: UInt64?

        init(_ batches: [EncodedRecords]) {
            self.batches = batches
            advance()
        }

        /// Appends the next record, and the following ones up to the time `last`.
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

        /// Moves on to the next record.
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

    /// The producer of the next record, and the time up to which its records come first. On a tie the first producer wins.
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
