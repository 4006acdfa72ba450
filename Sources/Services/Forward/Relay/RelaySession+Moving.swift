// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem
import Reactor
import Relaying

extension RelaySession: RelayTransport {
    /// How many bytes one copy moves at most.
    private static let copyLength = 64 << 10

    var readsPerTurn: Int { lane.share / Self.copyLength }

    func pass(from side: RelaySide) -> RelayStep {
        if case .splicing = side == .client ? toUpstream.mode : toClient.mode {
            if let pipe = lane.pipes.take() { return splice(from: side, through: pipe) }
            withChannel(from: side) { $0.mode.pipeUnavailable() }
        }
        return copy(from: side)
    }

    func flush(to side: RelaySide) -> RelayStep {
        let source = side.other
        do throws(SystemError) {
            if let pipe = source == .client ? toUpstream.pipe : toClient.pipe { return try drain(pipe, to: side) }
            while true {
                var length = 0
                let sent = try withHeld(from: source) { bytes throws(SystemError) in
                    length = bytes.byteCount
                    return try withStream(side) { stream throws(SystemError) in try stream.write(bytes) }
                }
                guard case .moved(let count) = sent else { return .blocked }
                noteSent(count, to: side)
                var isEmpty = false
                withChannel(from: source) {
                    $0.held.consume(count)
                    isEmpty = $0.held.isEmpty
                }
                if isEmpty { return .moved(isEmpty: true, isHeld: false) }
                if count < length { return .moved(isEmpty: false, isHeld: true) }
            }
        } catch {
            return .broken(side, error.errno)
        }
    }

    func error(of side: RelaySide) -> CInt {
        errno { () throws(SystemError) in
            try withStream(side) { stream throws(SystemError) in try stream.throwPendingError() }
        }
    }

    func finish(_ side: RelaySide) -> CInt {
        errno { () throws(SystemError) in
            try withStream(side) { stream throws(SystemError) in try stream.finishWriting() }
        }
    }

    private func errno(_ body: () throws(SystemError) -> Void) -> CInt {
        do throws(SystemError) {
            try body()
            return 0
        } catch {
            return error.errno
        }
    }

    // MARK: - Copying

    private func copy(from side: RelaySide) -> RelayStep {
        do throws(SystemError) {
            var mayHaveMore = false
            let transfer = try withStream(side) { stream throws(SystemError) in
                let transfer = try stream.read(into: lane.input, atMost: Self.copyLength)
                mayHaveMore = stream.isReadable
                return transfer
            }
            switch transfer {
            case .wouldBlock: return .blocked
            case .endOfStream: return .end
            case .moved(let count):
                noteReceived(count, from: side)
                withChannel(from: side) { $0.mode.moved(count, filled: count == Self.copyLength) }
                return offer(count, to: side.other, isEmpty: !mayHaveMore)
            }
        } catch {
            return .broken(side, error.errno)
        }
    }

    /// Writes what was read, and holds the rest after a short write.
    private func offer(_ count: Int, to side: RelaySide, isEmpty: Bool) -> RelayStep {
        do throws(SystemError) {
            var sent = 0
            let transfer = try withStream(side) { stream throws(SystemError) in
                try stream.write(count, of: lane.input)
            }
            if case .moved(let moved) = transfer {
                noteSent(moved, to: side)
                if moved == count { return .moved(isEmpty: isEmpty, isHeld: false) }
                sent = moved
            }
            let asMessage = !kind(of: side).isByteStream
            lane.input.withBytes(count) { bytes in
                withChannel(from: side.other) {
                    $0.held.append(bytes.extracting(droppingFirst: sent), asMessage: asMessage)
                }
            }
            return .moved(isEmpty: isEmpty, isHeld: true)
        } catch {
            return .broken(side, error.errno)
        }
    }

    // MARK: - Splicing

    private func splice(from side: RelaySide, through pipe: Pipe) -> RelayStep {
        let count: Int
        do throws(SystemError) {
            count = try withStream(side) { stream throws(SystemError) in
                try stream.splice(into: pipe, atMost: lane.share)
            }
        } catch {
            lane.pipes.give(pipe)
            guard Self.isRefusal(error) else { return .broken(side, error.errno) }
            withChannel(from: side) { $0.refusedToSplice() }
            return copy(from: side)
        }
        guard count > 0 else {
            lane.pipes.give(pipe)
            // splice(2) returned 0 or EAGAIN: EOF, no data, or data that cannot be spliced (an urgent byte). A read tells
            // which.
            return copy(from: side)
        }
        noteReceived(count, from: side)
        withChannel(from: side) { $0.filled(count) }
        do throws(SystemError) {
            switch try drain(pipe, to: side.other) {
            case .moved(_, isHeld: false): return .moved(isEmpty: false, isHeld: false)
            case .broken(let side, let errno): return .broken(side, errno)
            default: return .moved(isEmpty: false, isHeld: true)
            }
        } catch {
            lane.pipes.give(pipe)
            return .broken(side.other, error.errno)
        }
    }

    /// Whether splice(2) does not support these sockets or the next bytes of the stream, or lacks memory.
    private static func isRefusal(_ error: SystemError) -> Bool {
        switch error.errno {
        case EINVAL, ENOSYS, EOPNOTSUPP, ENOMEM: true
        default: false
        }
    }

    /// Splices a pipe into a socket. A pipe that is not empty afterwards is kept in the channel.
    private func drain(_ pipe: Pipe, to side: RelaySide) throws(SystemError) -> RelayStep {
        while pipe.count > 0 {
            let count: Int?
            do throws(SystemError) {
                count = try withStream(side) { stream throws(SystemError) in try stream.splice(from: pipe) }
            } catch {
                guard Self.isRefusal(error) else { throw error }
                count = 0
            }
            guard let count else {
                withChannel(from: side.other) { $0.pipe = pipe }
                return .blocked
            }
            guard count > 0 else { return try empty(pipe, for: side) }
            noteSent(count, to: side)
        }
        withChannel(from: side.other) {
            $0.pipe = nil
            $0.drained()
        }
        lane.pipes.give(pipe)
        return .moved(isEmpty: true, isHeld: false)
    }

    /// Moves the bytes of a pipe into memory and writes them, for a socket that splice(2) does not support.
    private func empty(_ pipe: Pipe, for side: RelaySide) throws(SystemError) -> RelayStep {
        let source = side.other
        while pipe.count > 0 {
            let count = try lane.input.take(from: pipe)
            lane.input.withBytes(count) { bytes in
                withChannel(from: source) { $0.held.append(bytes, asMessage: false) }
            }
        }
        withChannel(from: source) {
            $0.pipe = nil
            $0.refusedToSplice()
        }
        lane.pipes.give(pipe)
        return flush(to: side)
    }

    // MARK: - Shared

    private func withStream<Result>(
        _ side: RelaySide, _ body: (inout Stream) throws(SystemError) -> Result
    ) throws(SystemError) -> Result {
        switch side {
        case .client: return try body(&client)
        case .upstream: return try body(&upstream)
        }
    }

    private func noteReceived(_ count: Int, from side: RelaySide) {
        if side == .client { bytesIn &+= UInt64(count) }
        lastActivity = lane.now
    }

    private func noteSent(_ count: Int, to side: RelaySide) {
        if side == .client { bytesOut &+= UInt64(count) }
        lastActivity = lane.now
    }

    private func withChannel(from side: RelaySide, _ body: (inout RelayChannel) -> Void) {
        if side == .client { body(&toUpstream) } else { body(&toClient) }
    }

    private func withHeld(
        from side: RelaySide, _ body: (RawSpan) throws(SystemError) -> Transfer
    ) throws(SystemError) -> Transfer {
        try side == .client ? toUpstream.held.withNext(body) : toClient.held.withNext(body)
    }
}
