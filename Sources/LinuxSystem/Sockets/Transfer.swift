// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// The result of a read or a write on a non-blocking socket.
public enum Transfer: Equatable, Sendable {
    /// So many bytes were transferred; 0 only for an empty message of a message socket.
    case moved(Int)
    /// EAGAIN: wait until the descriptor is ready again.
    case wouldBlock
    /// The peer has shut down its writing side: no more bytes will come.
    case endOfStream

    /// Reads available bytes into `buffer`: recv(2).
    package static func receive(
        _ raw: CInt, into buffer: UnsafeMutableRawBufferPointer
    ) throws(SystemError) -> Transfer {
        let count = try systemCallIfReady("recv") {
            // unsafe: the buffer is the caller's during the call, and the call writes at most its count.
            unsafe clinux_receive(raw, buffer.baseAddress, buffer.count, 0)
        }
        guard let count else { return .wouldBlock }
        return count == 0 ? .endOfStream : .moved(count)
    }

    /// Copies available bytes into `buffer` without removing them from the socket: MSG_PEEK of recv(2).
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

    /// Reads one message of a message socket, which may be empty.
    ///
    /// recv(2) returns 0 both for an empty message and at the end. But with SO_PASSCRED (``SocketOption/passCredentials``, which
    /// an accepted socket inherits) the kernel adds the sender's credentials to every message and to nothing else, and reports
    /// them (MSG_CTRUNC) even if there is no buffer for them.
    ///
    /// - Throws: the kernel's error; `EMSGSIZE` for a message longer than the buffer: its end is lost, which must not pass
    ///   silently.
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

    /// Writes as many of `bytes` as the socket's buffer takes: send(2), without SIGPIPE.
    ///
    /// - Throws: the kernel's error; `EMSGSIZE` for a message longer than the socket's buffer can become.
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

    /// Enlarges the send buffer of a Unix socket for a long message: SO_SNDBUF of socket(7).
    ///
    /// The kernel doubles the value, and limits it to net.core.wmem_max without CAP_NET_ADMIN.
    ///
    /// - Returns: whether the buffer has grown.
    private static func growBuffer(of raw: CInt, for length: Int) -> Bool {
        do throws(SystemError) {
            guard try SocketOption.domain.value(of: raw) == AF_UNIX else { return false }
            let before = try SocketOption.sendBuffer.value(of: raw)
            guard 2 * length > before else { return false }
            // The doubled value includes the kernel's overhead for each message (socket(7)).
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
        // unsafe: the span is borrowed until this function returns, so its bytes stay in place during the call.
        unsafe bytes.withUnsafeBytes { unsafe (start, length) = ($0.baseAddress, $0.count) }
        let count = try systemCallIfReady("send") { unsafe clinux_send(raw, start, length, CInt(MSG_NOSIGNAL)) }
        guard let count else { return .wouldBlock }
        return .moved(count)
    }
}
