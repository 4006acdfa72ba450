// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import TestSupport
import Testing

extension LaneHarness {
    /// Runs until nothing lives on the lane any more, and expects no descriptor to be left, and one close record for
    /// whatever was opened.
    ///
    /// - Parameters:
    ///   - streams: the sockets to which no connection may be left.
    ///   - call: the system call that has failed.
    ///   - idleTurns: for how many turns without an event to wait; who could not accept, or not connect, tries again after
    ///     a while, and finds those that are gone by then.
    /// - Returns: the close records.
    @discardableResult
    func expectEnd(
        _ streams: [ListeningSocket], after call: Int, idleTurns: Int = 8000,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> [CapturedRecord] {
        let isOver = run(
            until: { connections == 0 && streams.allSatisfy { KernelSockets.connections(to: $0) == 0 } },
            idleTurns: idleTurns)
        #expect(
            isOver, "a connection is stuck, or a descriptor is left, after call \(call)", sourceLocation: sourceLocation
        )
        let records = try capturedRecords()
        let opened = records.filter { $0.event == "open" }.compactMap { $0.number("connection") }
        let closes = records.filter { $0.event == "close" }
        let closed = closes.compactMap { $0.number("connection") }
        #expect(opened.sorted() == closed.sorted(), "call \(call)", sourceLocation: sourceLocation)
        #expect(Set(closed).count == closed.count, "call \(call)", sourceLocation: sourceLocation)
        return closes
    }
}
