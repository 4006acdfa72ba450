// SPDX-License-Identifier: Apache-2.0

/// An event of the daemon, of a listener or of the log. Rare, so it has a sentence.
public struct DaemonRecord: Sendable {
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    public var time: UInt64

    /// The event.
    public var event: EventKind

    /// The level.
    public var level: RecordLevel

    /// The event as a sentence. A line feed in it is escaped.
    public var message: String

    /// The listener that the event concerns.
    public var listener: ListenerLabel?

    /// The address that the event concerns: the field `local`.
    public var local: RecordedAddress?

    /// The level by which the log decides whether it has the record. What an operator has asked for is logged at any level:
    /// the level is one of the things that operators change.
    var decidingLevel: RecordLevel { event == .operated ? .error : level }

    /// The error number, as in errno(3); 0 if no call failed.
    public var errno: CInt

    /// Further fields, written after the others.
    public var fields: [RecordField]

    /// Makes a record; without `level` it has the level of its event.
    public init(
        time: UInt64, _ event: EventKind, level: RecordLevel? = nil, _ message: String, listener: ListenerLabel? = nil,
        local: RecordedAddress? = nil, errno: CInt = 0, fields: [RecordField] = []
    ) {
        self.time = time
        self.event = event
        self.level = level ?? event.level
        self.message = message
        self.listener = listener
        self.local = local
        self.errno = errno
        self.fields = fields
    }
}
