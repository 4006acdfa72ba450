// SPDX-License-Identifier: Apache-2.0

/// What a ``Dialogue`` is to be.
public struct DialogueSettings: Sendable {
    /// What the other side sees of the sockets' kind.
    public enum Transport: Sendable {
        /// A connection whose bytes flow without bounds.
        case stream
        /// A connection that keeps the bounds of messages.
        case messages
        /// No connection: neither side can say that it has finished.
        case datagrams
    }

    /// What is sent.
    public enum Source: Sendable {
        /// The lines that a person types.
        case terminal
        /// All of the standard input.
        case pipe
        /// Nothing: what comes in is waited for.
        case none
        /// What the command line says; what comes in is not shown.
        case commandLine
    }

    /// Streams, messages or datagrams.
    public var transport: Transport

    /// What is sent.
    public var source: Source

    /// How bytes are written.
    public var form: TextForm

    /// How many messages, or lines of a stream, come in before it ends by itself; nil does not count.
    public var count: Int?

    /// For how long nothing may come in once everything was sent; nil waits without end.
    public var silence: Duration?

    /// Whether the silence is only one after something has come in: a server waits for its first client.
    public var waitsForFirst: Bool

    /// How long the other side has, after a person has ended the dialogue, to say its last words.
    public static let farewell = Duration.seconds(1)

    /// Makes settings.
    public init(
        transport: Transport, source: Source, form: TextForm = .plain, count: Int? = nil, silence: Duration? = nil,
        waitsForFirst: Bool = false
    ) {
        self.transport = transport
        self.source = source
        self.form = form
        self.count = count
        self.silence = silence
        self.waitsForFirst = waitsForFirst
    }
}
