// SPDX-License-Identifier: Apache-2.0

import Configuration
import LinuxSystem
import Reactor
import Records
import Relaying

/// Logs datagrams that were dropped on their way into a stream.
///
/// The first is logged at once, then a sum every ten seconds at most.
///
/// Concurrency: belongs to one lane, for all framed relays of a listener there. It is in the lane's table only while a
/// record is due.
final class FramingLosses: Pollable {
    /// Why a datagram was dropped.
    enum Cause: Int, CaseIterable {
        /// It contains a line feed before its end.
        case lineFeed
        /// It is longer than a message may be.
        case tooLong
        /// The receiver of the stream reads more slowly than datagrams arrive.
        case slowReader
        /// It was for a CAN bus, but is not a CAN frame.
        case noFrame
        /// The kernel dropped it because the receive buffer of the upstream's socket was full.
        case overflow
    }

    private let lane: Lane
    private let label: ListenerLabel
    private let framing: Framing
    private var reports = [LossReport](repeating: LossReport(), count: Cause.allCases.count)

    init(_ framing: Framing, label: ListenerLabel, on lane: Lane) {
        self.framing = framing
        self.label = label
        self.lane = lane
        super.init()
    }

    /// Counts a loss.
    func note(_ cause: Cause, _ count: UInt64 = 1) {
        if let count = reports[cause.rawValue].note(count, at: lane.now) { tell(cause, count) }
        if !isInTable { lane.add(self) }
        if let next { lane.schedule(self, at: next) }
    }

    /// Counts a datagram that was not queued for a stream.
    ///
    /// - Parameter mistake: why it cannot be framed; nil if the queue was full.
    func note(lost mistake: FramingMistake?) {
        if let mistake { note(mistake) } else { note(.slowReader) }
    }

    /// Counts a datagram that cannot be framed.
    func note(_ mistake: FramingMistake) {
        switch mistake {
        case .holdsLineFeed: note(Cause.lineFeed)
        case .tooLong, .truncated: note(Cause.tooLong)
        }
    }

    /// Logs the counts that were not logged yet.
    func end() {
        for cause in Cause.allCases { if let count = reports[cause.rawValue].takeRest() { tell(cause, count) } }
        lane.forget(self)
    }

    override func deadline(at now: UInt64) -> UInt64? {
        for cause in Cause.allCases { if let count = reports[cause.rawValue].check(at: now) { tell(cause, count) } }
        if next == nil { lane.forget(self) }
        return next
    }

    private var next: UInt64? { reports.lazy.compactMap(\.next).min() }

    private func tell(_ cause: Cause, _ count: UInt64) {
        let losses = FramedDatagramLosses(count, listener: label)
        let record: DaemonRecord =
            switch cause {
            case .lineFeed: .lineFeedInDatagrams(losses)
            case .tooLong: .messagesTooLong(losses, longest: framing.longestMessage, framing: framing.rawValue)
            case .slowReader: .streamReadTooSlowly(losses)
            case .noFrame: .messagesNotCANFrames(losses)
            case .overflow: .upstreamReceiveBufferFull(losses)
            }
        lane.write(record)
    }
}
