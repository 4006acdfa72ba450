// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import Glibc
import LinuxSystem
import Reactor
import Records
import Relaying

/// The client's stream, cut into messages for the upstream.
extension FramedSession {
    /// How many bytes one read may return.
    private static let readLength = 64 << 10

    /// Reads from the client while the upstream takes the messages.
    ///
    /// - Returns: whether there may be more.
    func readClient() -> Bool {
        guard isOpen, upstream != nil, ending == nil, refusal == nil, !input.isStalled else { return false }
        for _ in 0..<lane.share / Self.readLength {
            guard client.isReadable, !client.hasEnded else { return false }
            do throws(SystemError) {
                switch try client.read(into: lane.input, atMost: Self.readLength) {
                case .wouldBlock:
                    return false
                case .endOfStream:
                    resumeInput()
                    return false
                case .moved(let count):
                    bytesIn &+= UInt64(count)
                    lastActivity = lane.now
                    take(count)
                }
            } catch {
                clientBroke(error)
                return false
            }
            guard ending == nil, refusal == nil, !input.isStalled else { return false }
        }
        return true
    }

    func take(_ count: Int) {
        do throws(FramingMistake) {
            try lane.input.withBytes(count) { bytes throws(FramingMistake) in try input.decode(bytes, deliver) }
        } catch {
            endForLength()
        }
    }

    /// Ends the session for a message that is too long. It is not truncated, and the start of the next one is unknown.
    private func endForLength(errno: CInt = 0) {
        // After EMSGSIZE from the upstream's socket the message is still held, and counted with the held ones.
        if errno == 0 { traffic.dropped &+= 1 }
        ending = Ending(reason: .messageTooLong, party: .client, errno: errno)
    }

    /// Continues with messages that the upstream did not take, and with EOF of the client behind them.
    func resumeInput() {
        guard upstream != nil, ending == nil, !inputIsOver else { return }
        do throws(FramingMistake) {
            guard client.hasEnded else { return try input.resume(deliver) }
            try input.end(deliver)
            if !input.isStalled, ending == nil { finishInput() }
        } catch {
            guard error == .truncated else { return endForLength() }
            // The incomplete message is dropped, not sent. Earlier messages may still be answered.
            traffic.received &+= 1
            traffic.dropped &+= 1
            lastReason = .messageTruncated
            finishInput()
        }
    }

    /// Waits for remaining answers after everything from the client was relayed.
    private func finishInput() {
        inputIsOver = true
        if let timeout = group.halfCloseTimeout {
            halfCloseDeadline = lane.now + timeout
        } else {
            silenceDeadline = lane.now + Self.silence
        }
        setDeadline()
    }

    /// Sends one message to the upstream.
    ///
    /// - Returns: whether it was sent or dropped; false if it has to be kept.
    private func deliver(_ message: RawSpan) -> Bool {
        guard let upstream, ending == nil, refusal == nil else { return false }
        if upstream.stream.kind == .can, !CANFrameLayout.isSendable(message) {
            traffic.received &+= 1
            traffic.dropped &+= 1
            losses.note(.noFrame)
            return true
        }
        do throws(SystemError) {
            guard try send(message, to: upstream) else {
                try upstream.awaitWritable(on: lane)
                return false
            }
            search.keep(message)
        } catch {
            if error.errno == EMSGSIZE {
                endForLength(errno: EMSGSIZE)
                return false
            }
            guard dropsOneDatagram(error, over: upstream) else {
                refusal = error
                return false
            }
            traffic.dropped &+= 1
        }
        traffic.received &+= 1
        return true
    }

    /// Whether an error of the upstream's socket drops one datagram only.
    ///
    /// Then the session keeps the upstream. See ``DatagramFault``. Logs a fault of this host.
    func dropsOneDatagram(_ error: SystemError, over link: PeerSocket) -> Bool {
        switch DatagramFault(error, of: link, canLeave: search.canContinue) {
        case .datagram:
            return true
        case .host(let fault):
            search.logFault(fault, error)
            return true
        case .upstream:
            return false
        }
    }

    /// - Returns: whether it was sent; false if the socket is not writable.
    func send(_ message: RawSpan, to upstream: PeerSocket) throws(SystemError) -> Bool {
        guard let header else { return try upstream.stream.write(message) != .wouldBlock }
        var whole = header
        whole.append(copying: message)
        // unsafe: bytes have no padding.
        guard try upstream.stream.write(unsafe whole.span.bytes) != .wouldBlock else { return false }
        if !group.settings.sendsProxyEach { self.header = nil }
        return true
    }

    func clientBroke(_ error: SystemError) {
        // After EOF of the client its reset is no failure.
        if client.hasEnded { return close(lastReason, by: .client) }
        close(after: error, of: .client, over: client.kind)
    }
}
