// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// Keeps the stream of an ended session open until its filter has sent its end marker.
///
/// Used when the kernel had no room for the marker. It closes the stream after ``Session/lingerTime`` at the latest.
///
/// Concurrency: belongs to one lane, whose table has the only reference to it.
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

    /// Waits until there is room for the end marker, or the time is over.
    func begin() {
        lane.add(self)
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
    /// Closes a stream. With a filter, the socket is closed once the end marker is sent.
    ///
    /// That takes five seconds at most, and the session need not wait for it.
    package func close(_ stream: inout Stream) {
        guard stream.isFiltered, !stream.finishFilter() else { return stream.close() }
        StreamCloser(stream.take(), on: self).begin()
    }
}
