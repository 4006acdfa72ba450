// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem

/// Carries out a ``Dialogue`` on a socket and a console: one loop of poll(2).
///
/// Concurrency: belongs to one thread.
final class Session {
    private let socket: ClientSocket
    private let console: Console
    private let interruption: Interruption
    private let settings: DialogueSettings
    private var dialogue: Dialogue

    /// What waits to be sent. A message is sent whole, and may be empty.
    private var queue: [ArraySlice<UInt8>] = []
    private var queuedBytes = 0
    /// Whether the writing direction ends behind the queue.
    private var finishesSending = false
    /// What could not be sent; what came in before is shown first.
    private var sendError: SystemError?
    /// Whether the message at the head was refused once, for what had happened to an earlier one.
    private var isSecondAttempt = false
    private var end: DialogueEnd?
    private var lastActivity = Clock.monotonic

    /// More than this is not read ahead of what the other side takes.
    private static let mostQueued = 1 << 18

    /// How long to wait for room of which nobody tells.
    private static let pause = Duration.milliseconds(5)

    init(_ socket: ClientSocket, _ console: Console, _ interruption: Interruption, _ settings: DialogueSettings) {
        self.socket = socket
        self.console = console
        self.interruption = interruption
        self.settings = settings
        dialogue = Dialogue(settings)
    }

    /// Talks until it is over.
    ///
    /// - Parameter message: what the command line sends.
    func run(sending message: [UInt8]?) throws(SystemError) -> Result<DialogueEnd, Interruption.Signal> {
        if let message {
            perform(dialogue.command(message))
            perform(dialogue.endOfInput())
        }
        while true {
            sendQueue()
            if let end, end != .finished || queue.isEmpty && !finishesSending {
                if end == .finished, message != nil, let error = socket.pendingError { return .success(.failed(error)) }
                return .success(end)
            }
            if let signal = try turn() { return .failure(Interruption.Signal(number: signal)) }
        }
    }

    /// Waits for something and deals with it.
    ///
    /// - Returns: a signal that ends the process.
    private func turn() throws(SystemError) -> CInt? {
        let readsInput = end == nil && dialogue.takesInput && queuedBytes < Self.mostQueued && sendError == nil
        let readsSocket = end == nil && dialogue.expectsMessages
        let waitsForRoom = !queue.isEmpty && socket.hasPeer
        var entries = [
            Poll.Entry(raw: readsInput ? STDIN_FILENO : -1, wanted: POLLIN),
            Poll.Entry(
                raw: readsSocket || waitsForRoom && socket.roomIsKnown ? socket.raw : -1,
                wanted: (readsSocket ? POLLIN : 0) | (waitsForRoom && socket.roomIsKnown ? POLLOUT : 0)),
            Poll.Entry(raw: interruption.raw, wanted: POLLIN),
        ]
        let deadline = deadline
        if readsInput, console.hasInput || dialogue.endsWithoutInput && queue.isEmpty {
            try Poll.wait(&entries, until: 0)
        } else {
            let soon = waitsForRoom && !socket.roomIsKnown ? UInt64.deadline(in: Self.pause) : nil
            try Poll.wait(&entries, until: [deadline, soon].compactMap(\.self).min())
        }
        if entries[2].isReadable, let signal = try takeSignal() { return signal }
        if readsSocket, entries[1].isReadable { receive() }
        if readsInput, end == nil, entries[0].isReadable || console.hasInput {
            try takeInput()
        } else if readsInput, queue.isEmpty {
            perform(dialogue.inputPaused())
        }
        if entries[0].found == 0, entries[1].found == 0, let deadline, deadline <= Clock.monotonic {
            if end == nil {
                perform(dialogue.silence())
            } else {
                // It was over but for what nobody takes.
                end = .silent
            }
        }
        return nil
    }

    /// When it has been silent for too long.
    private var deadline: UInt64? {
        let isOnlySending = settings.source == .commandLine
        let timeToSend = isOnlySending ? settings.silence : ClientSettings.usualSilence
        let patience = end == nil ? dialogue.patience : timeToSend
        return .deadline(in: patience, after: lastActivity)
    }

    // MARK: - Input

    private func takeInput() throws(SystemError) {
        lastActivity = Clock.monotonic
        switch try console.read() {
        case .bytes(let bytes): perform(dialogue.input(bytes))
        case .line(let line): perform(dialogue.typed(line))
        case .end: perform(dialogue.endOfInput())
        case .nothing: break
        }
    }

    private func takeSignal() throws(SystemError) -> CInt? {
        switch try interruption.next() {
        case SIGWINCH: console.resize()
        case SIGTSTP: console.stop()
        case .some(let signal) where Interruption.ends(signal): return signal
        default: break
        }
        return nil
    }

    // MARK: - The socket

    /// Takes what has come in, a bounded amount.
    private func receive() {
        for _ in 0..<16 where end == nil && dialogue.expectsMessages {
            do throws(SystemError) {
                switch try socket.receive() {
                case .nothing: return
                case .stream(let bytes): perform(dialogue.received(stream: bytes))
                case .message(let bytes, let length): perform(dialogue.received(message: bytes, length: length))
                case .end: perform(dialogue.endOfPeer())
                }
                if dialogue.isMovedByMessages { lastActivity = Clock.monotonic }
            } catch {
                return perform(dialogue.failure(error))
            }
        }
    }

    /// Sends what goes, and what belongs behind it.
    private func sendQueue() {
        guard sendError == nil, socket.hasPeer else { return }
        do throws(SystemError) {
            while let head = queue.first {
                guard let count = try socket.send(head) else { return }
                lastActivity = Clock.monotonic
                isSecondAttempt = false
                queuedBytes -= count
                if count == head.count { queue.removeFirst() } else { queue[0] = head.dropFirst(count) }
            }
            if finishesSending {
                finishesSending = false
                try socket.finishSending()
            }
        } catch {
            sendFailed(error)
        }
    }

    private func sendFailed(_ error: SystemError) {
        // The error of a UDP datagram that went earlier keeps this one from being sent, but not a second time.
        if socket.kind == .udp, error.errno == ECONNREFUSED, !isSecondAttempt {
            isSecondAttempt = true
            perform(dialogue.failure(error))
            if end == nil { return sendQueue() }
            return
        }
        isSecondAttempt = false
        // What the other side said before it went is worth being shown.
        if !socket.kind.isDatagram {
            sendError = error
            finishesSending = false
            receive()
        }
        if case .none = end { perform(dialogue.failure(error)) } else if end == .finished { end = .failed(error) }
        if end == nil, !queue.isEmpty {
            queuedBytes -= queue.removeFirst().count
            sendError = nil
        } else {
            dropQueue()
        }
    }

    private func dropQueue() {
        queue = []
        queuedBytes = 0
        finishesSending = false
    }

    // MARK: - The dialogue

    private func perform(_ actions: [DialogueAction]) {
        for action in actions {
            switch action {
            case .send(let bytes):
                if !socket.hasPeer, console.isInteractive, queue.isEmpty {
                    console.say("no peer yet; sent to the first one")
                }
                queue.append(bytes[...])
                queuedBytes += bytes.count
            case .finishSending: finishesSending = true
            case .show(let bytes): console.show(bytes)
            case .say(let sentence): console.say(sentence)
            case .end(let end): self.end = end
            }
        }
    }
}
