// SPDX-License-Identifier: Apache-2.0

/// What happened to the daemon, one of its listeners or its log. Seldom enough to be told in a sentence.
public struct DaemonRecord: Sendable {
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    public var time: UInt64

    /// What happened.
    public var event: EventKind

    /// How much it matters.
    public var level: RecordLevel

    /// The same in words. Several lines become one.
    public var message: String

    /// The listener that it concerns.
    public var listener: ListenerLabel?

    /// The address that it concerns: the field `local`.
    public var local: RecordedAddress?

    /// What failed, as in errno(3); 0 when nothing did.
    public var errno: CInt

    /// Further fields, after the others.
    public var fields: [RecordField]

    /// Makes a record; the level is the event's own where none is given.
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
