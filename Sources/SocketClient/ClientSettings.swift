// SPDX-License-Identifier: Apache-2.0

public import Addresses
import LinuxSystem

/// What a ``Client`` is asked to do.
public struct ClientSettings: Sendable {
    /// What the command is about.
    public enum Purpose: Sendable {
        /// Both sides speak.
        case connect
        /// One message goes out.
        case send([UInt8])
        /// One message comes in, or `count` of them.
        case receive
    }

    /// What the command is about.
    public var purpose: Purpose

    /// Where the other side is; with `listens`, what is ours.
    public var endpoint: Endpoint

    /// Whether to take the server's part.
    public var listens = false

    /// Whether bytes are written in hexadecimal digits.
    public var isHex = false

    /// How long to wait; nil for what is usual, zero for ever.
    public var timeout: Duration?

    /// The address to come from.
    public var source: Endpoint?

    /// After how many messages, or lines of a stream, it ends; nil for no number.
    public var count: Int?

    /// How long a connection may take, if nothing else is asked for.
    public static let usualConnectTime = Duration.seconds(10)

    /// For how long datagrams may stay away once all input is sent, if nothing else is asked for.
    public static let usualSilence = Duration.seconds(2)

    /// Makes settings with nothing out of the ordinary.
    public init(_ purpose: Purpose, _ endpoint: Endpoint) {
        self.purpose = purpose
        self.endpoint = endpoint
    }

    /// Whether the standard input is sent.
    var takesInput: Bool {
        if case .connect = purpose { true } else { false }
    }

    /// Whether the other side has the first word.
    var waits: Bool {
        if case .receive = purpose { true } else { listens }
    }

    /// How long a connection may take; nil for ever.
    var connectTime: Duration? {
        guard let timeout else { return Self.usualConnectTime }
        return timeout == .zero ? nil : timeout
    }

    /// How long to wait for whoever connects to us; nil for ever.
    var acceptTime: Duration? { timeout == .zero ? nil : timeout }

    /// What the dialogue is to be.
    ///
    /// - Parameter isInteractive: whether a person types.
    func dialogue(_ kind: SocketKind, isInteractive: Bool) -> DialogueSettings {
        let form: TextForm = kind == .can ? .can : isHex ? .hex : .plain
        let transport: DialogueSettings.Transport =
            kind.isByteStream ? .stream : kind.isDatagram ? .datagrams : .messages
        var silence: Duration? = timeout == .zero ? nil : timeout
        var result: DialogueSettings
        switch purpose {
        case .connect:
            if timeout == nil, kind.isDatagram { silence = Self.usualSilence }
            result = DialogueSettings(transport: transport, source: isInteractive ? .terminal : .pipe, form: form)
            result.waitsForFirst = listens && timeout == nil
        case .send:
            if timeout == nil { silence = Self.usualSilence }
            result = DialogueSettings(transport: transport, source: .commandLine, form: form)
        case .receive:
            result = DialogueSettings(transport: transport, source: .none, form: form)
        }
        result.silence = silence
        result.count = count
        if case .receive = purpose, !kind.isByteStream, count == nil { result.count = 1 }
        return result
    }
}
