// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// A stream whose session is over, until its filter has told the peer that no more comes: the kernel had no room for that. It
/// takes as long as a session may take over its end.
///
/// Concurrency: belongs to one lane, whose table alone keeps it.
final class StreamCloser: Pollable {
    private var stream: Stream
    private let lane: Lane
    private let end: UInt64

    /// Takes the stream over.
    init(_ stream: consuming Stream, on lane: Lane) {
        self.stream = stream
        self.lane = lane
        end = lane.now + Session.lingerTime
        super.init()
    }

    /// Waits for the event that says that there is room.
    func begin() {
        lane.enroll(self)
        lane.schedule(self, at: end)
        do throws(SystemError) {
            try lane.register(&stream, of: self)
        } catch {
            finish()
        }
    }

    override func ready(_ readiness: Readiness) -> Turn {
        _ = stream.note(readiness)
        if !stream.isFinishing || !readiness.isDisjoint(with: [.error, .hangUp]) { finish() }
        return .done
    }

    override func deadline(at now: UInt64) -> UInt64? {
        guard now >= end else { return end }
        finish()
        return nil
    }

    private func finish() {
        lane.forget(self)
        stream.close()
    }
}

extension Lane {
    /// Closes a stream. One with a filter is closed once the filter has told the peer that no more comes, five seconds later at
    /// most; its session need not wait.
    package func close(_ stream: inout Stream) {
        if stream.finishFilter() { return stream.close() }
        StreamCloser(stream.take(), on: self).begin()
    }
}
