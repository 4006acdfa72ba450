// SPDX-License-Identifier: Apache-2.0

import Configuration
import LinuxSystem
import Reactor
import Records
import Relaying

/// Tells of the datagrams that did not go into a stream: at once of the first, and then together every ten seconds at most.
///
/// Concurrency: belongs to one lane, for all framed relays of a listener there. It is in the lane's table only while there
/// is something to tell.
final class FramingLosses: Pollable {
    /// Why a datagram did not become a frame.
    enum Cause: Int, CaseIterable {
        /// It holds a line feed before its end.
        case lineFeed
        /// It is longer than a message may be.
        case tooLong
        /// The peer that the stream goes to does not read as fast as datagrams come.
        case slowReader
        /// It was to go onto a CAN bus, and is no frame of one.
        case noFrame
        /// The kernel dropped it, for want of room in the upstream's socket.
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

    /// Notes a loss.
    func note(_ cause: Cause, _ count: UInt64 = 1) {
        if let count = reports[cause.rawValue].note(count, at: lane.now) { tell(cause, count) }
        if !isWatched { lane.enroll(self) }
        if let next { lane.schedule(self, at: next) }
    }

    /// Notes a datagram that did not get into the queue of a stream.
    ///
    /// - Parameter mistake: why it is no message of the framing; nil where there was no room.
    func note(lost mistake: FramingMistake?) {
        if let mistake { note(mistake) } else { note(.slowReader) }
    }

    /// Notes that a datagram is no message of the framing.
    func note(_ mistake: FramingMistake) {
        switch mistake {
        case .holdsLineFeed: note(Cause.lineFeed)
        case .tooLong, .truncated: note(Cause.tooLong)
        }
    }

    /// Tells of what was not told of yet.
    func end() {
        for cause in Cause.allCases { if let count = reports[cause.rawValue].end() { tell(cause, count) } }
        lane.forget(self)
    }

    override func deadline(at now: UInt64) -> UInt64? {
        for cause in Cause.allCases { if let count = reports[cause.rawValue].pass(now) { tell(cause, count) } }
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
