// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// Finds out that what a source sends is what it was answered: then two services may be answering each other, which
/// somebody has set off with a single datagram, forged to come from one of them.
///
/// Whether a source reads what it is answered, or only sends, no protocol of a single datagram shows. So what comes back as
/// it was sent is answered a thousand times, and after that ten times a second; a datagram that is not answered ends the
/// loop that it is in. What is different each time, as what carries a number or a time, is never held back.
struct ReturnedAnswers {
    /// How many answers are remembered, a power of two.
    private static let most = 64

    /// How many answers go before anything is remembered: most flows never come so far.
    private static let free = 64

    /// Fingerprints of answers, each at a place that it says itself.
    private var recent: [UInt64] = []
    private var answered = 0
    private var allowance = Allowance(perSecond: 10, burst: 1000)

    /// Whether a datagram, or several of one length, may be answered.
    mutating func mayAnswer(_ bytes: RawSpan, count: Int, at now: UInt64) -> Bool {
        guard !recent.isEmpty else { return true }
        let fingerprint = Self.fingerprint(of: bytes)
        guard recent[Self.place(of: fingerprint)] == fingerprint else { return true }
        return allowance.take(count, at: now)
    }

    /// Notes an answer.
    mutating func note(_ bytes: RawSpan) {
        guard answered >= Self.free else {
            answered += 1
            return
        }
        if recent.isEmpty { recent = [UInt64](repeating: 0, count: Self.most) }
        let fingerprint = Self.fingerprint(of: bytes)
        recent[Self.place(of: fingerprint)] = fingerprint
    }

    private static func place(of fingerprint: UInt64) -> Int { Int(truncatingIfNeeded: fingerprint) & (most - 1) }

    /// A number made of the length, the first and the last sixteen bytes; never 0.
    private static func fingerprint(of bytes: RawSpan) -> UInt64 {
        let count = bytes.byteCount
        var hash = mix(UInt64(count))
        guard count >= 16 else {
            for offset in 0..<count {
                // unsafe: every byte is a UInt8, and the offset is below the count.
                hash = mix(hash ^ UInt64(unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)))
            }
            return hash | 1
        }
        for offset in [0, 8, count - 16, count - 8] {
            // unsafe: eight bytes from here are within the span.
            hash = mix(hash ^ (unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)))
        }
        return hash | 1
    }

    private static func mix(_ word: UInt64) -> UInt64 {
        let product = word &* 0x9e37_79b9_7f4a_7c15
        return product ^ (product >> 29)
    }
}
