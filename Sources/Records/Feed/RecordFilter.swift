// SPDX-License-Identifier: Apache-2.0

/// Which records a ``RecordSubscription`` gets: those that match everything that is given.
public struct RecordFilter: Sendable {
    /// The events; nil for all.
    private let events: Set<EventKind>?

    /// The lowest level.
    private let level: RecordLevel

    /// The name of the listener, escaped as records have it; nil for all records, also those of no listener.
    private let listener: [UInt8]?

    /// Makes a filter.
    ///
    /// - Parameter listener: the name of the only listener; then records of the daemon itself do not match.
    public init(listener: String? = nil, events: Set<EventKind>? = nil, level: RecordLevel = .debug) {
        self.events = events
        self.level = level
        self.listener = listener.map { FeedFrame.name($0) }
    }

    /// Whether a record matches.
    func matches(_ record: FeedFrame) -> Bool {
        if record.level < level { return false }
        if let events, !events.contains(record.event) { return false }
        return listener.map { record.listener.elementsEqual($0) } ?? true
    }
}
