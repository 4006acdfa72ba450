// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import Glibc
import LinuxSystem
import Reactor
import Records
import Relaying

/// What the client sends, cut into messages for the upstream.
extension FramedSession {
    /// How much is read at once.
    private static let readLength = 64 << 10

    /// Reads the client while the upstream takes what it sends.
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

    /// What is too long is not delivered short, and where the next message begins is not known any more.
    private func endForLength(errno: CInt = 0) {
        // What the upstream's socket found too long still waits, and is counted with what waits.
        if errno == 0 { traffic.dropped &+= 1 }
        ending = Ending(reason: .messageTooLong, party: .client, errno: errno)
    }

    /// Goes on with what the upstream has not taken, and with the end of the client behind it.
    func resumeInput() {
        guard upstream != nil, ending == nil, !inputIsOver else { return }
        do throws(FramingMistake) {
            guard client.hasEnded else { return try input.resume(deliver) }
            try input.end(deliver)
            if !input.isStalled, ending == nil { finishInput() }
        } catch {
            guard error == .truncated else { return endForLength() }
            // It is not delivered short. What was asked before may still be answered.
            traffic.received &+= 1
            traffic.dropped &+= 1
            lastReason = .messageTruncated
            finishInput()
        }
    }

    /// All that the client has sent was relayed.
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
    /// - Returns: whether it is done with.
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
            guard losesOne(error, over: upstream) else {
                refusal = error
                return false
            }
            traffic.dropped &+= 1
        }
        traffic.received &+= 1
        return true
    }

    /// Whether an error of the upstream's socket loses one datagram, and the connection stays with the upstream: see
    /// ``DatagramFault``. Tells what this host lacks.
    func losesOne(_ error: SystemError, over link: PeerSocket) -> Bool {
        switch DatagramFault(error, of: link, canLeave: search.canGoOn) {
        case .datagram:
            return true
        case .host(let fault):
            search.tell(fault, error)
            return true
        case .upstream:
            return false
        }
    }

    /// - Returns: whether it went; if not, there is no room.
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
        // Who has finished and is gone breaks off nothing.
        if client.hasEnded { return close(lastReason, by: .client) }
        close(after: error, of: .client, over: client.kind)
    }
}
