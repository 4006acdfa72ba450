// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem

/// Carries out a ``Dialogue`` on a socket and a console, in a loop of poll(2).
///
/// Concurrency: belongs to one thread.
final class Session {
    private let socket: ClientSocket
    private let console: Console
    private let interruption: Interruption
    private let settings: DialogueSettings
    private var dialogue: Dialogue

    /// The bytes to send. On a socket with messages each element is one message, which may be empty.
    private var queue: [ArraySlice<UInt8>] = []
    private var queuedBytes = 0
    /// Whether the write side is shut down after the queue was sent.
    private var finishesSending = false
    /// The error of a failed send. Data that arrived before is shown first.
    private var sendError: SystemError?
    /// Whether the first message in the queue failed once with the error of an earlier one.
    private var isSecondAttempt = false
    private var end: DialogueEnd?
    private var lastActivity = Clock.monotonic

    /// Input is not read while more bytes than this are queued.
    private static let mostQueued = 1 << 18

    /// The pause before the next attempt to send where poll(2) cannot report that the socket is writable.
    private static let pause = Duration.milliseconds(5)

    init(_ socket: ClientSocket, _ console: Console, _ interruption: Interruption, _ settings: DialogueSettings) {
        self.socket = socket
        self.console = console
        self.interruption = interruption
        self.settings = settings
        dialogue = Dialogue(settings)
    }

    /// Runs the dialogue to its end.
    ///
    /// - Parameter message: the message of the command line; nil if there is none.
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

    /// Waits for an event and handles it.
    ///
    /// - Returns: a signal that ends the process; nil otherwise.
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
                // The dialogue had ended, but the peer does not take the rest of the queue.
                end = .silent
            }
        }
        return nil
    }

    /// When to stop waiting for activity; nil for never.
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

    /// Receives what is available, up to a limit.
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

    /// Sends the queue as far as possible, then shuts down the write side if requested.
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
        // send(2) returned ECONNREFUSED for an earlier UDP datagram and did not send this one. It does so once only.
        if socket.kind == .udp, error.errno == ECONNREFUSED, !isSecondAttempt {
            isSecondAttempt = true
            perform(dialogue.failure(error))
            if end == nil { return sendQueue() }
            return
        }
        isSecondAttempt = false
        // The peer may have sent data before it closed, which is shown first.
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

    // MARK: - Actions

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
