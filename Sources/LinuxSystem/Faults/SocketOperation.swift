// SPDX-License-Identifier: Apache-2.0

/// What was done with a socket when a system call failed. The same error number means different things for each.
package enum SocketOperation: CaseIterable, Sendable {
    /// A descriptor was created: socket(2), pipe(2), dup(2).
    case socket

    /// An outgoing socket was bound: to `source`, to a name that the kernel chooses, or to a CAN interface.
    case bind

    /// connect(2) itself failed: the kernel of this host refused before a packet was sent, except over loopback.
    case connect

    /// A connect in progress failed: SO_ERROR of socket(7). The network or the peer answered.
    case connecting

    /// accept(2).
    case accept

    /// send(2), sendto(2), sendmmsg(2).
    case send

    /// recv(2), recvmsg(2), recvmmsg(2).
    case receive

    /// splice(2), from a socket or to one.
    case splice

    /// shutdown(2).
    case shutDown

    /// setsockopt(2), getsockopt(2), getsockname(2), fcntl(2), ioctl(2).
    case option

    /// epoll_ctl(2).
    case watch

    /// A name was looked up: getaddrinfo(3), with EAI_SYSTEM.
    case resolve

    /// The operation of a system call.
    ///
    /// ``OutgoingSocket/finish(_:)`` also throws "connect"; its callers use ``connecting`` instead.
    package init(_ call: StaticOperation) {
        switch call.description {
        case "socket", "pipe2", "eventfd", "epoll_create1", "dup": self = .socket
        case "bind": self = .bind
        case "connect": self = .connect
        case "accept4": self = .accept
        case "send", "sendto", "sendmsg", "sendmmsg": self = .send
        case "recv", "recvmsg", "recvmmsg": self = .receive
        case "splice": self = .splice
        case "shutdown": self = .shutDown
        case "epoll_ctl", "epoll_wait": self = .watch
        case "getaddrinfo", "if_nametoindex": self = .resolve
        default: self = .option
        }
    }
}
