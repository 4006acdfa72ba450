// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// A Unix datagram socket that keeps whatever is sent to it: a fake `NOTIFY_SOCKET`, or a fake journal.
///
/// Concurrency: a thread of its own receives, so that no sender ever waits; what came may be read from anywhere.
public final class DatagramSocket: Sendable {
    /// A message as it came.
    public struct Datagram: Sendable {
        /// When, on a clock that never jumps.
        public let time: ContinuousClock.Instant

        /// The bytes; those of the descriptor, if one was passed.
        public let bytes: [UInt8]

        /// Whether a descriptor was passed, as libsystemd does with what is too big for a datagram.
        public let cameAsFile: Bool

        /// The bytes as text.
        public var text: String { String(decoding: bytes, as: UTF8.self) }
    }

    /// Where it is bound.
    public let path: String

    private let raw: CInt
    private let received: Received

    /// What the thread and the owner have in common. The thread closes the descriptor with this lock held, so that the owner
    /// never uses a number that is another's by then.
    private final class Received: Sendable {
        struct State {
            var datagrams: [Datagram] = []
            var isClosed = false

            /// Takes what there is. - Returns: false once the socket was shut down.
            mutating func take(from raw: CInt) -> Bool {
                while !isClosed {
                    switch DatagramSocket.receive(raw) {
                    case .datagram(let datagram)?: datagrams.append(datagram)
                    case .end?: return false
                    case nil: return true
                    }
                }
                return false
            }
        }

        let state = Mutex(State())
    }

    /// What a read came to.
    private enum Arrival {
        case datagram(Datagram)
        case end
    }

    /// Binds to a path.
    public init(_ path: String) throws {
        self.path = path
        let received = Received()
        self.received = received
        let raw = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard raw >= 0 else { throw POSIXFailure("socket") }
        self.raw = raw
        guard ServerAddress(.unix(path: path)).withKernelAddress({ bind(raw, $0, $1) }) == 0 else {
            close(raw)
            throw POSIXFailure("bind to \(path)")
        }
        // The thread owns the descriptor: it is closed where nobody waits for it any more.
        Thread.detachNewThread {
            var entry = pollfd(fd: raw, events: Int16(POLLIN), revents: 0)
            repeat { poll(&entry, 1, -1) } while received.state.withLock { $0.take(from: raw) }
            received.state.withLock {
                close(raw)
                $0.isClosed = true
            }
        }
    }

    /// All messages so far, in order: of a process that has ended, all that it has sent.
    public var datagrams: [Datagram] {
        received.state.withLock { state in
            _ = state.take(from: raw)
            return state.datagrams
        }
    }

    /// All messages so far as text, in order.
    public var messages: [String] { datagrams.map(\.text) }

    deinit {
        received.state.withLock { state in
            if !state.isClosed { shutdown(raw, CInt(SHUT_RDWR)) }
        }
    }

    /// Takes one message; nil if there is none.
    private static func receive(_ raw: CInt) -> Arrival? {
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        // A cmsghdr and room for one descriptor, aligned as a word is.
        var control = [UInt64](repeating: 0, count: 8)
        var controlLength = 0
        let count = buffer.withUnsafeMutableBytes { bytes in
            control.withUnsafeMutableBytes { control in
                var part = iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
                return withUnsafeMutablePointer(to: &part) { part in
                    var header = msghdr()
                    header.msg_iov = part
                    header.msg_iovlen = 1
                    header.msg_control = control.baseAddress
                    header.msg_controllen = control.count
                    let result = recvmsg(raw, &header, CInt(MSG_CMSG_CLOEXEC) | CInt(MSG_DONTWAIT))
                    controlLength = header.msg_controllen
                    return result
                }
            }
        }
        let time = ContinuousClock.now
        if count > 0 { return .datagram(Datagram(time: time, bytes: Array(buffer[..<count]), cameAsFile: false)) }
        if count < 0 { return errno == EAGAIN || errno == EINTR ? nil : .end }
        guard controlLength >= MemoryLayout<cmsghdr>.size + MemoryLayout<CInt>.size else { return .end }
        // SCM_RIGHTS is the only control message here; its descriptor follows the header.
        let descriptor = control.withUnsafeBytes {
            $0.load(fromByteOffset: MemoryLayout<cmsghdr>.size, as: CInt.self)
        }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        try? file.seek(toOffset: 0)
        let bytes = (try? file.readToEnd()).flatMap { $0 }.map(Array.init) ?? []
        return .datagram(Datagram(time: time, bytes: bytes, cameAsFile: true))
    }
}
