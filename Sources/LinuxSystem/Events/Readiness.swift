// SPDX-License-Identifier: Apache-2.0

public import CLinux

/// What a descriptor is ready for: the event bits of epoll_ctl(2).
///
/// The sets are computed properties: a stored one would check at every event whether it is initialised.
public struct Readiness: OptionSet, Sendable {
    /// The bits of the kernel.
    public let rawValue: UInt32

    /// Takes the kernel's bits.
    @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// EPOLLIN: there are bytes to read, or the end of the stream.
    @inlinable public static var readable: Readiness { Readiness(rawValue: UInt32(CLINUX_EPOLLIN)) }
    /// EPOLLPRI: urgent data (tcp(7)). A read stops in front of it, so a short read does not mean that all was read.
    @inlinable public static var urgent: Readiness { Readiness(rawValue: UInt32(CLINUX_EPOLLPRI)) }
    /// EPOLLOUT: there is room to write.
    @inlinable public static var writable: Readiness { Readiness(rawValue: UInt32(CLINUX_EPOLLOUT)) }
    /// EPOLLERR: the socket has an error, which the next call returns.
    @inlinable public static var error: Readiness { Readiness(rawValue: UInt32(CLINUX_EPOLLERR)) }
    /// EPOLLHUP: both directions are closed.
    @inlinable public static var hangUp: Readiness { Readiness(rawValue: UInt32(CLINUX_EPOLLHUP)) }
    /// EPOLLRDHUP: the peer has shut down its writing side.
    @inlinable public static var peerFinished: Readiness { Readiness(rawValue: UInt32(CLINUX_EPOLLRDHUP)) }

    /// EPOLLET: report each change once, so that a descriptor needs to be registered only once for each kind of event.
    @inlinable public static var edgeTriggered: Readiness { Readiness(rawValue: CLINUX_EPOLLET) }
    /// EPOLLEXCLUSIVE: of several epoll instances that watch one descriptor, wake one (at least).
    @inlinable public static var exclusive: Readiness { Readiness(rawValue: CLINUX_EPOLLEXCLUSIVE) }

    /// What a new connection is registered for. Without EPOLLOUT: most writes are complete, so its events would be useless.
    @inlinable public static var input: Readiness { [.readable, .urgent, .peerFinished, .edgeTriggered] }
    /// What a connection is registered for after a short write, and while connect(2) is in progress.
    @inlinable public static var connection: Readiness { [.input, .writable] }

    /// Events after which a read has something to report.
    @inlinable public static var anyInput: Readiness { [.readable, .peerFinished, .hangUp, .error, .urgent] }

    /// Events that a short read does not exhaust: the socket must be read again after it.
    @inlinable public static var moreThanData: Readiness { [.urgent, .peerFinished, .hangUp, .error] }
}
