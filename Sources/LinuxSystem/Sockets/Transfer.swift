// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// What a read or a write on a non-blocking socket came to.
public enum Transfer: Equatable, Sendable {
    /// That many bytes went; zero only for an empty message of a socket that keeps the bounds of messages.
    case moved(Int)
    /// Nothing can be done until the descriptor is ready again.
    case wouldBlock
    /// The peer has finished: nothing more will come.
    case endOfStream

    /// Reads what is there into `buffer`: recv(2).
    package static func receive(
        _ raw: CInt, into buffer: UnsafeMutableRawBufferPointer
    ) throws(SystemError) -> Transfer {
        let count = try systemCallIfReady("recv") {
            // unsafe: the buffer is the caller's for the length of the call, and no longer than its count.
            unsafe clinux_receive(raw, buffer.baseAddress, buffer.count, 0)
        }
        guard let count else { return .wouldBlock }
        return count == 0 ? .endOfStream : .moved(count)
    }

    /// Reads what is there into `buffer` and leaves it there: MSG_PEEK of recv(2).
    package static func peek(
        _ raw: CInt, into buffer: UnsafeMutableRawBufferPointer
    ) throws(SystemError) -> Transfer {
        let count = try systemCallIfReady("recv") {
            // unsafe: as above.
            unsafe clinux_receive(raw, buffer.baseAddress, buffer.count, CInt(MSG_PEEK))
        }
        guard let count else { return .wouldBlock }
        return count == 0 ? .endOfStream : .moved(count)
    }

    /// Reads one message of a socket that keeps their bounds; a message may be empty.
    ///
    /// recv(2) returns 0 for an empty message and for the end. But with SO_PASSCRED (``SocketOption/passCredentials``,
    /// which a connection has from the socket that it came in through) the kernel adds the sender's credentials to every
    /// message and to nothing else, and says so even where they are not taken.
    /// A message longer than the buffer is an `EMSGSIZE`: its end is lost, and that must not pass in silence.
    package static func receiveMessage(
        _ raw: CInt, into buffer: UnsafeMutableRawBufferPointer
    ) throws(SystemError) -> Transfer {
        var isMessage = false
        let count = try systemCallIfReady("recvmsg") {
            // unsafe: as above; the last argument is a local.
            unsafe clinux_receive_message(raw, buffer.baseAddress, buffer.count, &isMessage)
        }
        guard let count else { return .wouldBlock }
        if count > buffer.count { throw SystemError("recvmsg", errno: EMSGSIZE) }
        return count == 0 && !isMessage ? .endOfStream : .moved(count)
    }

    /// Writes what the peer takes of `bytes`: send(2), which here never raises SIGPIPE.
    ///
    /// - Throws: what the kernel says; `EMSGSIZE` for a message that is longer than the socket's buffer can be made.
    package static func send(_ raw: CInt, from bytes: RawSpan) throws(SystemError) -> Transfer {
        do throws(SystemError) {
            return try sendOnce(raw, from: bytes)
        } catch {
            return try sendAgain(raw, from: bytes, after: error)
        }
    }

    @inline(never)
    private static func sendAgain(
        _ raw: CInt, from bytes: RawSpan, after error: SystemError
    ) throws(SystemError) -> Transfer {
        guard error.errno == EMSGSIZE, growBuffer(of: raw, for: bytes.byteCount) else { throw error }
        return try sendOnce(raw, from: bytes)
    }

    /// Makes room in the buffer of a Unix socket for a message that its peer could send us: SO_SNDBUF of socket(7), which the
    /// kernel doubles, and lowers to net.core.wmem_max for who has not CAP_NET_ADMIN.
    ///
    /// - Returns: whether it has grown.
    private static func growBuffer(of raw: CInt, for length: Int) -> Bool {
        do throws(SystemError) {
            guard try SocketOption.domain.value(of: raw) == AF_UNIX else { return false }
            let before = try SocketOption.sendBuffer.value(of: raw)
            guard 2 * length > before else { return false }
            // Half of it is for what the kernel keeps of each message.
            do throws(SystemError) {
                try SocketOption.sendBufferForced.set(length, on: raw)
            } catch {
                try SocketOption.sendBuffer.set(length, on: raw)
            }
            return try SocketOption.sendBuffer.value(of: raw) > before
        } catch {
            return false
        }
    }

    @inline(__always)
    private static func sendOnce(_ raw: CInt, from bytes: RawSpan) throws(SystemError) -> Transfer {
        var start: UnsafeRawPointer?
        var length = 0
        // unsafe: the span is borrowed until this function returns, so its bytes stay where they are for the call.
        unsafe bytes.withUnsafeBytes { unsafe (start, length) = ($0.baseAddress, $0.count) }
        let count = try systemCallIfReady("send") { unsafe clinux_send(raw, start, length, CInt(MSG_NOSIGNAL)) }
        guard let count else { return .wouldBlock }
        return .moved(count)
    }
}
