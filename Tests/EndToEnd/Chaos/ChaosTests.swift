// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Clients and upstreams that stall, trickle, finish early, vanish and reset, in an order that a seed fixes.
///
/// `USHER_SEED` repeats the schedule of a run that failed.
@Suite(.serialized) struct ChaosTests {
    /// What a run is made of; the first batch is there to let the daemon come to the size that it stays at.
    private static let batches = [10_000, 20_000, 20_000]

    /// How many connections there are at a time.
    private static let atOnce = 200

    /// How much memory may grow between the first batch and the last, in KiB: 52 B a connection.
    private static let growth = 2048

    private static let seed =
        ProcessInfo.processInfo.environment["USHER_SEED"].flatMap { UInt64($0) } ?? .random(in: 0...UInt64(UInt32.max))

    @Test(arguments: [1, 3]) func `50 000 random connections have exact bytes and records`(lanes: Int) throws {
        var driver = try ChaosDriver(seed: Self.seed)
        let daemon = try Usherd(
            """
            [log]
            to = "file:$DIR/log"
            format = "json"

            [daemon]
            lanes = \(lanes)

            [defaults]
            max-connections = 1000

            \(driver.configuration)
            """)
        let log = daemon.directory.appending("log")
        let reader = LogReader(log)
        let addresses: [ServerAddress] = try waitFor("eight listening sockets") {
            reader.update()
            let texts = reader.records.filter { $0.event == "listening" }.compactMap { $0["local"] }
            return texts.count == 8 ? texts.compactMap { ServerAddress($0) } : nil
        }
        var summaries: [ChaosDriver.Summary] = []
        for batch in Self.batches {
            summaries.append(try driver.run(batch, atOnce: Self.atOnce, through: daemon, at: addresses))
        }
        #expect(try daemon.stop() == .exited(0), "\(daemon.said)")
        try driver.checkRecords(in: log)

        let (first, last) = try (#require(summaries.first), #require(summaries.last))
        #expect(last.residentMemory - first.residentMemory <= Self.growth, "memory grows")
        // A lane keeps up to 32 pipes, each with two ends.
        #expect(last.pipes <= 64 * lanes, "pipes are lost")
        #expect(summaries.map(\.clean).reduce(0, +) > Self.batches.reduce(0, +) / 2, "the schedule is not what it was")
    }
}
