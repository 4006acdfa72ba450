// SPDX-License-Identifier: Apache-2.0

/// The settings of a ``Dialogue``.
public struct DialogueSettings: Sendable {
    /// The properties of a socket's kind that matter to a dialogue.
    public enum Transport: Sendable {
        /// A connection without message boundaries.
        case stream
        /// A connection with message boundaries.
        case messages
        /// No connection, so no EOF in either direction.
        case datagrams
    }

    /// The source of the bytes to send.
    public enum Source: Sendable {
        /// Lines typed on a terminal.
        case terminal
        /// All of the standard input.
        case pipe
        /// None: the client only receives.
        case none
        /// The command line; received data is not shown.
        case commandLine
    }

    /// Streams, messages or datagrams.
    public var transport: Transport

    /// The source of the bytes to send.
    public var source: Source

    /// The text format.
    public var form: TextForm

    /// After how many messages, or lines of a stream, to end; nil for no limit.
    public var count: Int?

    /// How long to wait for data after everything was sent; nil for no limit.
    public var silence: Duration?

    /// Whether the time of ``silence`` begins with the first data: a server waits for its first client.
    public var waitsForFirst: Bool

    /// How long the peer may still send after a person has ended the dialogue.
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
