// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// What went wrong in a test, with what the daemon said.
struct FailureWithLog: Error, CustomStringConvertible {
    let error: any Error
    let said: String
    var description: String { "\(error)\n--- usherd said:\n\(said)" }
}

/// Runs usherd for a test and holds it to what is true of every run: a debug build finds its invariants unbroken, after
/// SIGTERM it ends with status 0, every connection that it opened has one record that it closed, and no record was lost.
///
/// A drain waits for the clients that the test still holds: the configuration's `drain-timeout` says how long, so a test
/// closes its clients, or sends the second signal itself.
func withUsherd(_ configuration: String, _ options: Usherd.Options = .init(), _ body: (Usherd) throws -> Void) throws {
    let daemon = try Usherd(configuration, options)
    do {
        try body(daemon)
        if daemon.ended == nil {
            try daemon.verify()
            try daemon.stop()
        }
    } catch {
        // What it says of its end tells more.
        if daemon.ended == nil { _ = try? daemon.stop() }
        throw FailureWithLog(error: error, said: daemon.said)
    }
    #expect(daemon.ended == .exited(0), "\(daemon.said)")
    expectOneEndEach(daemon.records)
}

/// Expects that each connection has one `open` and one `close` record, in this order.
func expectOneEndEach(_ records: [LogRecord], sourceLocation: SourceLocation = #_sourceLocation) {
    var open: Set<Int> = []
    var closed: Set<Int> = []
    for record in records {
        switch record.event {
        case "open":
            #expect(
                open.insert(record.connection).inserted, "opened twice: \(record.line)", sourceLocation: sourceLocation)
        case "close":
            #expect(
                open.contains(record.connection), "closed, never opened: \(record.line)", sourceLocation: sourceLocation
            )
            #expect(
                closed.insert(record.connection).inserted, "closed twice: \(record.line)",
                sourceLocation: sourceLocation)
        case "dropped":
            Issue.record("records were lost: \(record.line)", sourceLocation: sourceLocation)
        default: break
        }
    }
    #expect(open.subtracting(closed).isEmpty, "without a close record", sourceLocation: sourceLocation)
}
