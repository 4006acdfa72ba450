// SPDX-License-Identifier: Apache-2.0

public import Addresses
import LinuxSystem

/// The settings of a ``Client``.
public struct ClientSettings: Sendable {
    /// What a command does.
    public enum Purpose: Sendable {
        /// Sends and receives.
        case connect
        /// Sends one message.
        case send([UInt8])
        /// Receives one message, or `count` messages.
        case receive
    }

    /// What the command does.
    public var purpose: Purpose

    /// The address of the peer; with `listens`, the local address.
    public var endpoint: Endpoint

    /// Whether to be the server.
    public var listens = false

    /// Whether bytes are written as hexadecimal digits.
    public var isHex = false

    /// How long to wait; nil for the default, zero for no limit.
    public var timeout: Duration?

    /// The local address to bind.
    public var source: Endpoint?

    /// After how many messages, or lines of a stream, to end; nil for no limit.
    public var count: Int?

    /// The default connect timeout.
    public static let usualConnectTime = Duration.seconds(10)

    /// By default, how long to wait for datagrams after all input was sent.
    public static let usualSilence = Duration.seconds(2)

    /// Makes settings with defaults.
    public init(_ purpose: Purpose, _ endpoint: Endpoint) {
        self.purpose = purpose
        self.endpoint = endpoint
    }

    /// Whether standard input is sent.
    var takesInput: Bool {
        if case .connect = purpose { true } else { false }
    }

    /// Whether the peer sends first.
    var waits: Bool {
        if case .receive = purpose { true } else { listens }
    }

    /// The connect timeout; nil for none.
    var connectTime: Duration? {
        guard let timeout else { return Self.usualConnectTime }
        return timeout == .zero ? nil : timeout
    }

    /// How long to wait for a client to connect; nil for no limit.
    var acceptTime: Duration? { timeout == .zero ? nil : timeout }

    /// The settings of the dialogue.
    ///
    /// - Parameter isInteractive: whether standard input is a terminal.
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
