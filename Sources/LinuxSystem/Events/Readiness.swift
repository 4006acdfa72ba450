// SPDX-License-Identifier: Apache-2.0

public import CLinux

/// What a descriptor is ready for: the event bits of epoll_ctl(2).
///
/// The sets are computed where they are used: a stored one would be asked, at every event, whether it was made yet.
public struct Readiness: OptionSet, Sendable {
    /// The bits as the kernel has them.
    public let rawValue: UInt32

    /// Takes the bits.
    @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// There is something to read, if only the end of the stream.
    @inlinable public static var readable: Readiness { Readiness(rawValue: UInt32(CLINUX_EPOLLIN)) }
    /// There is urgent data (tcp(7)): a read stops in front of it, so a short read does not mean that all was read.
    @inlinable public static var urgent: Readiness { Readiness(rawValue: UInt32(CLINUX_EPOLLPRI)) }
    /// There is room to write.
    @inlinable public static var writable: Readiness { Readiness(rawValue: UInt32(CLINUX_EPOLLOUT)) }
    /// The socket has an error, which the next call returns.
    @inlinable public static var error: Readiness { Readiness(rawValue: UInt32(CLINUX_EPOLLERR)) }
    /// Both directions are closed.
    @inlinable public static var hangUp: Readiness { Readiness(rawValue: UInt32(CLINUX_EPOLLHUP)) }
    /// The peer has shut down its writing side.
    @inlinable public static var peerFinished: Readiness { Readiness(rawValue: UInt32(CLINUX_EPOLLRDHUP)) }

    /// Report each change once, so that the descriptor is registered for a kind of event one time and never again.
    @inlinable public static var edgeTriggered: Readiness { Readiness(rawValue: CLINUX_EPOLLET) }
    /// Of several epoll instances that watch one descriptor, wake one.
    @inlinable public static var exclusive: Readiness { Readiness(rawValue: CLINUX_EPOLLEXCLUSIVE) }

    /// What a connection is registered for at first: most take all that they are sent, and to be told so is an event that
    /// nobody needs.
    @inlinable public static var input: Readiness { [.readable, .urgent, .peerFinished, .edgeTriggered] }
    /// What it is registered for once it has not taken something, and what tells that a socket is connected.
    @inlinable public static var connection: Readiness { [.input, .writable] }

    /// What a read finds out more about.
    @inlinable public static var anyInput: Readiness { [.readable, .peerFinished, .hangUp, .error, .urgent] }

    /// What a read has to go on for after it has emptied the socket once.
    @inlinable public static var moreThanData: Readiness { [.urgent, .peerFinished, .hangUp, .error] }
}
