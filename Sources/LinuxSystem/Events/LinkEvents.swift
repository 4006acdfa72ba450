// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// A netlink socket that becomes readable when an interface or an address of this host changes: rtnetlink(7).
///
/// Groups: `RTMGRP_LINK` (an interface appeared, went up or down, or was removed), `RTMGRP_IPV4_IFADDR`, `RTMGRP_IPV6_IFADDR` (an
/// address was added or removed). The content of the messages is ignored: the reader queries the current state (``NetworkLink``),
/// which is right even if messages were lost.
///
/// Concurrency: one thread may watch the number and clear the socket.
package struct LinkEvents: ~Copyable, Sendable {
    private let descriptor: OwnedDescriptor

    /// Opens the socket and joins the groups.
    ///
    /// - Parameter withAddresses: whether to report changes of addresses too.
    package init(withAddresses: Bool = false) throws(SystemError) {
        descriptor = OwnedDescriptor(adopting: try systemCall("socket") { clinux_link_events(withAddresses) })
    }

    /// Starts or stops reporting changes of routes. Off by default: a host that speaks BGP has thousands of them.
    package func watchRoutes(_ wanted: Bool) throws(SystemError) {
        let raw = descriptor.raw
        _ = try systemCall("setsockopt") { clinux_route_events(raw, wanted) }
    }

    /// The descriptor number, for epoll.
    package var raw: CInt { descriptor.raw }

    /// Reads and discards all messages, so that the socket becomes readable again only after a new change.
    package func clear() {
        var byte: UInt8 = 0
        let raw = descriptor.raw
        while true {
            do throws(SystemError) {
                // unsafe: one byte of a local; the kernel truncates a longer message (recv(2)).
                let length = try systemCallIfReady("recv") { unsafe recv(raw, &byte, 1, CInt(MSG_DONTWAIT)) }
                if length == nil { return }
            } catch {
                // ENOBUFS reports once that messages were lost; others may still be queued.
                if error.errno != ENOBUFS { return }
            }
        }
    }
}
