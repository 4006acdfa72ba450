// SPDX-License-Identifier: Apache-2.0

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

    /// A record in a batch.
    private struct Entry {
        /// When it happened, or the one before it of the same producer if that was later.
        var time: UInt64
        var source: Int
        var batch: Int
        var range: Range<Int>
    }

    private func merged(in encoding: RecordEncoding) -> [UInt8] {
        var entries: [Entry] = []
        entries.reserveCapacity(count)
        var byteCount = 0
        for (source, batches) in sources.enumerated() {
            var time: UInt64 = 0
            for (number, batch) in batches.enumerated() {
                let bytes = batch[encoding]
                byteCount += bytes.count
                var start = 0
                for (index, own) in batch.times.enumerated() {
                    time = max(time, own)
                    // What is left belongs to the last one, whatever it is: nothing is cut off.
                    let end = index + 1 == batch.times.count ? bytes.count : encoding.end(ofRecordAt: start, in: bytes)
                    entries.append(Entry(time: time, source: source, batch: number, range: start..<end))
                    start = end
                }
            }
        }
        // A source's own entries have times that never fall, and ties go by the source and then by the place in it.
        entries.sort {
            ($0.time, $0.source, $0.batch, $0.range.lowerBound) < ($1.time, $1.source, $1.batch, $1.range.lowerBound)
        }
        var result: [UInt8] = []
        result.reserveCapacity(byteCount)
        for entry in entries { result += sources[entry.source][entry.batch][encoding][entry.range] }
        return result
    }
}

extension RecordEncoding {
    /// Where a record ends that begins at a place.
    fileprivate func end(ofRecordAt start: Int, in bytes: [UInt8]) -> Int {
        switch self {
        case .journal: JournalFrames.end(ofEntryAt: start, in: bytes)
        case .terminal, .text, .json:
            bytes[start...].firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? bytes.count
        }
    }
}
