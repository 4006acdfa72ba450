// SPDX-License-Identifier: Apache-2.0

import CLinux

/// What a descriptor is ready for: the event bits of epoll_ctl(2).
public struct Readiness: OptionSet, Sendable {
    /// The bits as the kernel has them.
    public let rawValue: UInt32

    /// Takes the bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// There is something to read, if only the end of the stream.
    public static let readable = Readiness(rawValue: UInt32(CLINUX_EPOLLIN))
    /// There is urgent data (tcp(7)): a read stops in front of it, so a short read does not mean that all was read.
    public static let urgent = Readiness(rawValue: UInt32(CLINUX_EPOLLPRI))
    /// There is room to write.
    public static let writable = Readiness(rawValue: UInt32(CLINUX_EPOLLOUT))
    /// The socket has an error, which the next call returns.
    public static let error = Readiness(rawValue: UInt32(CLINUX_EPOLLERR))
    /// Both directions are closed.
    public static let hangUp = Readiness(rawValue: UInt32(CLINUX_EPOLLHUP))
    /// The peer has shut down its writing side.
    public static let peerFinished = Readiness(rawValue: UInt32(CLINUX_EPOLLRDHUP))

    /// Report each change once; the descriptor is registered one time and never again.
    public static let edgeTriggered = Readiness(rawValue: CLINUX_EPOLLET)
    /// Of several epoll instances that watch one descriptor, wake one.
    public static let exclusive = Readiness(rawValue: CLINUX_EPOLLEXCLUSIVE)

    /// What a connection is registered for.
    public static let connection: Readiness = [.readable, .urgent, .writable, .peerFinished, .edgeTriggered]
}
