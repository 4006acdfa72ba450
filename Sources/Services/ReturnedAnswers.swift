// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// Limits the rate of answers to a source that sends back the answers of a service.
///
/// Two services that answer each other form a loop, which one datagram with a forged source can start. In a protocol of
/// single datagrams nothing shows whether a source reads its answers or only sends them back. So of the datagrams that
/// repeat an answer the first thousand are answered, then ten a second; each one left unanswered ends its loop. A datagram
/// that contains a number or a time differs from every answer and is not limited.
///
/// A few answers are remembered, by their length and their first and last ``edge`` bytes. A remembered answer must stay long
/// enough to come back, so only one in ``oneIn`` later answers with the same slot replaces it. So several datagrams in a
/// loop do not displace each other.
struct ReturnedAnswers {
    /// How many answers are remembered, a power of two.
    private static let most = 64

    /// How many answers are sent before any is remembered. Most flows end before.
    private static let free = 64

    /// How many bytes at the beginning and at the end identify a datagram.
    private static let edge = 16

    /// One in so many answers for an occupied slot replaces its content; a power of two.
    private static let oneIn: UInt64 = 64

    /// A secret, so that nobody can choose datagrams that share a slot.
    private static let processSeed = UInt64.random(in: .min ... .max)

    private let seed: UInt64

    /// The state of a linear congruential generator (Knuth), which decides which answers are remembered.
    private var chance: UInt64

    /// Fingerprints of answers, each in the slot that its bits select; 0 for none.
    private var recent: [UInt64] = []
    private var answered = 0
    private var allowance = Allowance(perSecond: 10, burst: 1000)

    /// Makes one without remembered answers.
    ///
    /// - Parameter seed: equal seeds make equal decisions.
    init(seed: UInt64 = Self.processSeed) {
        self.seed = seed
        chance = seed
    }

    /// Counts the datagrams that repeat a remembered answer.
    ///
    /// - Parameter segment: the length of each datagram except the last; 0 for a single one.
    func repeats(in bytes: RawSpan, segment: Int) -> Int {
        guard !recent.isEmpty else { return 0 }
        var count = 0
        var start = 0
        repeat {
            let end = segment == 0 ? bytes.byteCount : min(start + segment, bytes.byteCount)
            let fingerprint = fingerprint(of: bytes.extracting(start..<end))
            if recent[Self.place(of: fingerprint)] == fingerprint { count += 1 }
            start = end
        } while start < bytes.byteCount
        return count
    }

    /// Whether a batch with so many repeats may be answered. Uses up the allowance only if it returns true.
    mutating func mayAnswer(_ repeats: Int, at now: UInt64) -> Bool {
        repeats == 0 || allowance.take(repeats, at: now)
    }

    /// Remembers answers that are sent.
    ///
    /// - Parameter segment: the length of each datagram except the last; 0 for a single one.
    mutating func note(_ bytes: RawSpan, segment: Int) {
        guard answered >= Self.free else {
            answered += segment == 0 ? 1 : (bytes.byteCount + segment - 1) / segment
            return
        }
        if recent.isEmpty { recent = [UInt64](repeating: 0, count: Self.most) }
        var start = 0
        repeat {
            let end = segment == 0 ? bytes.byteCount : min(start + segment, bytes.byteCount)
            remember(fingerprint(of: bytes.extracting(start..<end)))
            start = end
        } while start < bytes.byteCount
    }

    private mutating func remember(_ fingerprint: UInt64) {
        let place = Self.place(of: fingerprint)
        guard recent[place] != fingerprint else { return }
        if recent[place] != 0 {
            chance = chance &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            guard chance >> 32 & (Self.oneIn - 1) == 0 else { return }
        }
        recent[place] = fingerprint
    }

    private static func place(of fingerprint: UInt64) -> Int { Int(truncatingIfNeeded: fingerprint >> 1) & (most - 1) }

    /// A hash of the length and of both ends; never 0.
    private func fingerprint(of bytes: RawSpan) -> UInt64 {
        let count = bytes.byteCount
        var hash = Self.mix(seed ^ UInt64(count))
        guard count >= Self.edge else {
            for offset in 0..<count {
                // unsafe: every byte is a UInt8, and the offset is below the count.
                hash = Self.mix(hash ^ UInt64(unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)))
            }
            return hash | 1
        }
        for offset in [0, 8, count - 16, count - 8] {
            // unsafe: the span has at least 16 bytes, so eight bytes from each offset are within it.
            hash = Self.mix(hash ^ (unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)))
        }
        return hash | 1
    }

    private static func mix(_ word: UInt64) -> UInt64 {
        let product = word &* 0x9e37_79b9_7f4a_7c15
        return product ^ (product >> 29)
    }
}
