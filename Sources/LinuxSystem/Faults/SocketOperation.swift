// SPDX-License-Identifier: Apache-2.0

/// What was done with a socket when a system call failed. The same error number means different things at each.
package enum SocketOperation: CaseIterable, Sendable {
    /// A descriptor was made: socket(2), pipe(2), dup(2).
    case socket

    /// A socket that is to connect was bound: to `source`, to a name of the kernel's choice, to a CAN interface.
    case bind

    /// connect(2) itself failed: the kernel of this host refused before a packet left, except over loopback.
    case connect

    /// A connect that was under way failed: SO_ERROR of socket(7). It is the answer of the network.
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

    /// The operation that a system call stands for. What ``OutgoingSocket/finish(_:)`` throws is a ``connecting``, which its
    /// callers know.
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
