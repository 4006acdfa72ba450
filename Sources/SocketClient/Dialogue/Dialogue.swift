// SPDX-License-Identifier: Apache-2.0

public import LinuxSystem

/// The state machine of a client: what to send, show and print, and when to end. Pure.
///
/// ```
///              .talking ──────────────── EOF of the input ──► .listening ┐
///                 │  └─ q or Ctrl-D on a terminal ─► .leaving ───────────┤ EOF from the peer, silence,
///                 └─ EOF from the peer ────────────► .sending ───────────┤ or `count` messages received
///                                                                        ▼
///                                                                      .over
/// ```
public struct Dialogue: Sendable {
    private enum Phase {
        /// Both directions are open.
        case talking
        /// All input was sent.
        case listening
        /// A person has ended the dialogue, and the peer may still send for a short time.
        case leaving
        /// EOF from the peer; input that is already available is still sent.
        case sending
        /// The dialogue has ended.
        case over
    }

    private let settings: DialogueSettings
    private var phase: Phase
    private var lines = LineCutter()
    private var lineNumber = 0
    private var received = 0
    private var hasReceived = false

    /// Makes a dialogue.
    public init(_ settings: DialogueSettings) {
        self.settings = settings
        phase = settings.source == .none ? .listening : .talking
    }

    /// Whether the dialogue has ended.
    public var isOver: Bool { phase == .over }

    /// Whether input is read.
    public var takesInput: Bool { phase == .talking || phase == .sending }

    /// Whether the peer may still send.
    public var expectsMessages: Bool { phase == .talking || phase == .listening || phase == .leaving }

    /// Whether ``inputPaused()`` ends the dialogue.
    public var endsWithoutInput: Bool { phase == .sending }

    /// After what time without activity to call ``silence()``; nil for never.
    public var patience: Duration? {
        switch phase {
        case .leaving: DialogueSettings.farewell
        case .listening: settings.waitsForFirst && !hasReceived ? nil : settings.silence
        case .talking, .sending, .over: nil
        }
    }

    /// Whether data from the peer restarts the time of ``patience``.
    ///
    /// It does not after a person has ended the dialogue, or if the client only sends: then only EOF counts, and a server
    /// that never stops sending must not delay the end.
    public var isMovedByMessages: Bool { phase == .listening && settings.source != .commandLine }

    // MARK: - Input

    /// Processes bytes of standard input.
    public mutating func input(_ bytes: [UInt8]) -> [DialogueAction] {
        guard takesInput, !bytes.isEmpty else { return [] }
        // A plain stream needs no splitting into lines.
        if settings.transport == .stream, settings.form == .plain { return [.send(bytes)] }
        return send(lines: lines.add(bytes))
    }

    /// Processes a line typed by a person, without its line feed. `q` alone ends the dialogue.
    public mutating func typed(_ line: [UInt8]) -> [DialogueAction] {
        guard takesInput else { return [] }
        if line == [UInt8(ascii: "q")] { return endOfInput() }
        do throws(TextMistake) {
            let bytes = try settings.form.decode(line: line)
            let isText = settings.transport == .stream && settings.form == .plain
            return [.send(isText ? bytes + [UInt8(ascii: "\n")] : bytes)]
        } catch {
            return [.say("not sent: \(error.message)")]
        }
    }

    /// Sends a message of the command line.
    public mutating func command(_ bytes: [UInt8]) -> [DialogueAction] {
        guard takesInput else { return [] }
        return [.send(bytes)]
    }

    /// Processes EOF of standard input, or Ctrl-D.
    public mutating func endOfInput() -> [DialogueAction] {
        guard takesInput else { return [] }
        var actions = lines.takeRest().map { send(lines: [$0]) } ?? []
        guard phase != .over else { return actions }
        if phase == .sending { return actions + end(.finished) }
        guard settings.transport != .datagrams else {
            if settings.source != .pipe { return actions + end(.finished) }
            phase = .listening
            return actions
        }
        phase = settings.source == .terminal ? .leaving : .listening
        actions.append(.finishSending)
        return actions
    }

    /// Processes that no input is available at the moment.
    public mutating func inputPaused() -> [DialogueAction] {
        phase == .sending ? end(.finished) : []
    }

    private mutating func send(lines: [[UInt8]]) -> [DialogueAction] {
        var actions: [DialogueAction] = []
        for line in lines {
            lineNumber += 1
            do throws(TextMistake) {
                actions.append(.send(try settings.form.decode(line: line)))
            } catch {
                return actions + end(.badInput(line: lineNumber, error))
            }
        }
        return actions
    }

    // MARK: - Data from the peer

    /// Processes bytes of a stream.
    public mutating func received(stream bytes: [UInt8]) -> [DialogueAction] {
        guard expectsMessages, !bytes.isEmpty else { return [] }
        hasReceived = true
        guard settings.source != .commandLine else { return [] }
        guard let count = settings.count else { return [.show(settings.form.lines(forStream: bytes[...]))] }
        for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "\n") {
            received += 1
            if received == count {
                return [.show(settings.form.lines(forStream: bytes[...index]))] + end(.finished)
            }
        }
        return [.show(settings.form.lines(forStream: bytes[...]))]
    }

    /// Processes a message, which may be empty.
    ///
    /// - Parameter length: the original length; if it is greater than that of `bytes`, the message was truncated.
    public mutating func received(message bytes: [UInt8], length: Int) -> [DialogueAction] {
        guard expectsMessages else { return [] }
        hasReceived = true
        received += 1
        var actions: [DialogueAction] = []
        if settings.source != .commandLine {
            actions.append(.show(settings.form.line(forMessage: bytes)))
            if length > bytes.count {
                actions.append(
                    .say(
                        "truncated: the message has \(length) bytes, and its first \(bytes.count) were shown;"
                            + " the others are lost"))
            }
        }
        return received == settings.count ? actions + end(.finished) : actions
    }

    /// Processes EOF from the peer.
    public mutating func endOfPeer() -> [DialogueAction] {
        guard expectsMessages else { return [] }
        switch (phase, settings.source) {
        case (.talking, .terminal): return [.say("EOF from the peer")] + end(.finished)
        case (.talking, .pipe):
            phase = .sending
            return []
        default: return end(.finished)
        }
    }

    /// Processes that nothing has happened during ``patience``.
    public mutating func silence() -> [DialogueAction] {
        switch phase {
        case .leaving: end(.finished)
        case .listening where settings.source == .commandLine: end(.finished)
        // Datagrams have no EOF, so silence ends them normally. A connection has EOF, and it did not come.
        case .listening where settings.transport == .datagrams && hasReceived && settings.count == nil: end(.finished)
        case .listening: end(.silent)
        case .talking, .sending, .over: []
        }
    }

    /// Processes an error of the socket.
    public mutating func failure(_ error: SystemError) -> [DialogueAction] {
        switch phase {
        case .over: []
        // The dialogue is ending, so an error of the connection does not matter.
        case .leaving: end(.finished)
        // A datagram server that is not running now may be running when the next line is typed.
        case .talking where settings.source == .terminal && settings.transport == .datagrams:
            [.say("not delivered: \(error.reason) (\(error.symbol))")]
        default: end(.failed(error))
        }
    }

    private mutating func end(_ end: DialogueEnd) -> [DialogueAction] {
        phase = .over
        return [.end(end)]
    }
}
