// SPDX-License-Identifier: Apache-2.0

public import LinuxSystem

/// A conversation over a socket: what is sent, shown and said, and when it is over. Pure.
///
/// ```
///              .talking ──────────────── the input ends ──► .listening ─┐
///                 │  └─ a person takes leave ─► .leaving ───────────────┤ the other side finishes,
///                 └─ the other side finishes ─► .sending ───────────────┤ is silent, or enough has come
///                                                                       ▼
///                                                                     .over
/// ```
public struct Dialogue: Sendable {
    private enum Phase {
        /// Both sides may speak.
        case talking
        /// Everything was said from here.
        case listening
        /// A person has ended it, and the other side has a moment left.
        case leaving
        /// The other side has finished; the input that is there already is still sent.
        case sending
        /// Nothing happens any more.
        case over
    }

    private let settings: DialogueSettings
    private var phase: Phase
    private var lines = LineCutter()
    private var lineNumber = 0
    private var received = 0
    private var hasReceived = false

    /// Begins one.
    public init(_ settings: DialogueSettings) {
        self.settings = settings
        phase = settings.source == .none ? .listening : .talking
    }

    /// Whether it is over.
    public var isOver: Bool { phase == .over }

    /// Whether input is taken.
    public var takesInput: Bool { phase == .talking || phase == .sending }

    /// Whether the other side may still say something.
    public var expectsMessages: Bool { phase == .talking || phase == .listening || phase == .leaving }

    /// Whether ``inputPaused()`` ends it.
    public var endsWithoutInput: Bool { phase == .sending }

    /// For how long nothing may happen before ``silence()``; nil for ever.
    public var patience: Duration? {
        switch phase {
        case .leaving: DialogueSettings.farewell
        case .listening: settings.waitsForFirst && !hasReceived ? nil : settings.silence
        case .talking, .sending, .over: nil
        }
    }

    /// Whether what comes in gives the other side new patience. Who takes leave, or only sends, waits for an end and for
    /// nothing else, and a server that never stops talking must not keep them.
    public var isMovedByMessages: Bool { phase == .listening && settings.source != .commandLine }

    // MARK: - From here

    /// Takes bytes of the standard input.
    public mutating func input(_ bytes: [UInt8]) -> [DialogueAction] {
        guard takesInput, !bytes.isEmpty else { return [] }
        // A stream has no lines of its own.
        if settings.transport == .stream, settings.form == .plain { return [.send(bytes)] }
        return send(lines: lines.add(bytes))
    }

    /// Takes a line that a person has typed, without its line feed. `q` alone ends the dialogue.
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

    /// Takes a message of the command line.
    public mutating func command(_ bytes: [UInt8]) -> [DialogueAction] {
        guard takesInput else { return [] }
        return [.send(bytes)]
    }

    /// The standard input has ended, or a person has typed Ctrl-D.
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

    /// There is no input at the moment.
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

    // MARK: - From there

    /// Takes bytes of a stream.
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

    /// Takes a message, which may be empty.
    ///
    /// - Parameter length: how long it was where it came from; `bytes` is only its beginning if that is more.
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

    /// The other side has finished.
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

    /// Nothing has happened for as long as ``patience``.
    public mutating func silence() -> [DialogueAction] {
        switch phase {
        case .leaving: end(.finished)
        case .listening where settings.source == .commandLine: end(.finished)
        // Datagrams have no end but silence. A connection has one, and it did not come.
        case .listening where settings.transport == .datagrams && hasReceived && settings.count == nil: end(.finished)
        case .listening: end(.silent)
        case .talking, .sending, .over: []
        }
    }

    /// The socket has failed.
    public mutating func failure(_ error: SystemError) -> [DialogueAction] {
        switch phase {
        case .over: []
        // Who takes leave does not mind how the other side goes.
        case .leaving: end(.finished)
        // A server that is not there now may be when the next line is typed.
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
