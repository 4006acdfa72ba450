// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The records of the daemon from a moment on, for one client: see ``RecordWriter/subscribe(_:form:wake:)``.
///
/// It holds at most ``mostBytes``. A client that takes them more slowly loses those that follow, until it has taken all that is
/// held, and is told how many.
///
/// Concurrency: the thread of the subscribers' channel adds records, and any one thread takes them; a lock is held for neither
/// longer than a copy of one record.
public final class RecordSubscription: Sendable {
    /// What a record becomes.
    public enum Form: Sendable {
        /// The object of the JSON format.
        case json
        /// The line of the text format, as a JSON string.
        case text
    }

    /// Some records.
    public struct Part: Sendable {
        /// JSON values, separated by commas.
        public var bytes: [UInt8] = []
        /// How many they are.
        public var count = 0
        /// How many records were lost after these.
        public var missed: UInt64 = 0

        /// Makes a part without records.
        public init() {}

        fileprivate init(first value: ArraySlice<UInt8>) {
            bytes = Array(value)
            count = 1
        }
    }

    /// The bytes that are held.
    static let mostBytes = 512 << 10

    /// The bytes from which on a part is not made longer.
    private static let partBytes = 32 << 10

    private struct Queue {
        /// The oldest first. None is empty.
        var parts: [Part] = []
        var bytes = 0
        /// How many were lost since the last one was added.
        var missed: UInt64 = 0
        /// Whether the client waits until there is something.
        var isAwaited = false
    }

    private let filter: RecordFilter
    private let form: Form
    private let wake: @Sendable () -> Void
    private let queue = Mutex(Queue())

    init(_ filter: RecordFilter, form: Form, wake: @escaping @Sendable () -> Void) {
        self.filter = filter
        self.form = form
        self.wake = wake
    }

    /// Takes the oldest records; nil if there are none. Then `wake` is called once there are some.
    public func take() -> Part? {
        queue.withLock { queue in
            guard !queue.parts.isEmpty || queue.missed > 0 else {
                queue.isAwaited = true
                return nil
            }
            var part = queue.parts.isEmpty ? Part() : queue.parts.removeFirst()
            queue.bytes -= part.bytes.count
            if queue.parts.isEmpty {
                part.missed = queue.missed
                queue.missed = 0
            }
            return part
        }
    }

    // MARK: - What the channel's sink calls

    /// Adds a record, if it matches.
    func add(_ record: FeedFrame) {
        guard filter.matches(record) else { return }
        switch form {
        case .json: add(record.json)
        case .text:
            let quote = UInt8(ascii: "\"")
            add(([quote] + Escaping.json.apply(to: Array(record.text)) + [quote])[...])
        }
    }

    private func add(_ value: ArraySlice<UInt8>) {
        queue.withLock { queue in
            guard queue.missed == 0, queue.bytes + value.count < Self.mostBytes else {
                queue.missed &+= 1
                return
            }
            queue.bytes += value.count
            if let last = queue.parts.indices.last, queue.parts[last].bytes.count < Self.partBytes {
                queue.bytes += 1
                queue.parts[last].bytes.append(UInt8(ascii: ","))
                queue.parts[last].bytes += value
                queue.parts[last].count += 1
            } else {
                queue.parts.append(Part(first: value))
            }
        }
    }

    /// Counts records that were lost before anybody knew whether they match.
    func miss(_ count: UInt64) {
        queue.withLock { $0.missed &+= count }
    }

    /// Wakes a client that waits, if there is something for it.
    func wakeIfNeeded() {
        let isNeeded = queue.withLock { queue in
            guard queue.isAwaited, !queue.parts.isEmpty || queue.missed > 0 else { return false }
            queue.isAwaited = false
            return true
        }
        if isNeeded { wake() }
    }
}
