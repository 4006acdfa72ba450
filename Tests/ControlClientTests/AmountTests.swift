// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ControlClient

@Suite struct AmountTests {
    @Test(
        arguments: [
            (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1239, "1.2 kB"), (99_999, "99.9 kB"), (100_000, "100 kB"),
            (999_999, "999 kB"), (1_234_567, "1.2 MB"), (33_100_000_000, "33.1 GB"), (.max, "18.4 EB"),
        ] as [(UInt64, String)])
    func `bytes are in powers of 1000, rounded down`(count: UInt64, text: String) {
        #expect(Amount.bytes(count) == text)
    }

    @Test(
        arguments: [
            (0, "0us"), (999, "999us"), (1000, "1.0ms"), (9999, "9.9ms"), (10_000, "10ms"), (999_999, "999ms"),
            (1_000_000, "1.0s"), (9_999_999, "9.9s"), (59_999_999, "59s"), (60_000_000, "1m 0s"),
            (200_000_000, "3m 20s"),
            (3_599_999_999, "59m 59s"), (7_500_000_000, "2h 5m"), (86_399_999_999, "23h 59m"),
            (86_400_000_000, "1d 0h"), (.max, "213503982d 8h"),
        ] as [(UInt64, String)])
    func `durations have two or three digits, or two units`(microseconds: UInt64, text: String) {
        #expect(Amount.duration(microseconds: microseconds) == text)
    }

    @Test(
        arguments: [
            (0, "0"), (9_999_999, "9999999"), (10_000_000, "10.0M"), (123_456_789, "123M"), (.max, "18.4E"),
        ] as [(UInt64, String)])
    func `counts have every digit until they are too long`(count: UInt64, text: String) {
        #expect(Amount.count(count) == text)
    }

    @Test(
        arguments: [
            (0, 1_000_000, "0.0"), (1, 2_500_000, "0.4"), (123, 10_000_000, "12.3"), (1234, 1_000_000, "1234"),
            (1, 0, "0.0"), (.max, 1, "1.8E"),
        ] as [(UInt64, UInt64, String)])
    func `rates are per second`(count: UInt64, microseconds: UInt64, text: String) {
        #expect(Amount.rate(count, in: microseconds) == text)
    }

    @Test func `rates of bytes are per second`() {
        #expect(Amount.byteRate(3_000_000, in: 2_000_000) == "1.5 MB")
    }

    @Test func `a noun is in the plural unless there is one`() {
        #expect(Amount.text(0, "connection") == "0 connections")
        #expect(Amount.text(1, "connection") == "1 connection")
    }
}
