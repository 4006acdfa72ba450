// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// Tells that an interface of this host has appeared, gone up or down, or gone, or an address was added or removed:
/// rtnetlink(7), `RTMGRP_LINK`, `RTMGRP_IPV4_IFADDR`, `RTMGRP_IPV6_IFADDR`.
///
/// What the messages say is not read: that one has come says that it is time to look (``NetworkLink``), and what one sees
/// then is true even if messages were lost.
///
/// Concurrency: the number may be watched by one thread, which clears it.
package struct LinkEvents: ~Copyable, Sendable {
    private let descriptor: OwnedDescriptor

    /// Begins to listen.
    ///
    /// - Parameter withAddresses: whether to tell of addresses too.
    package init(withAddresses: Bool = false) throws(SystemError) {
        descriptor = OwnedDescriptor(adopting: try systemCall("socket") { clinux_link_events(withAddresses) })
    }

    /// Tells of routes too, or no more. A host that speaks BGP has thousands of such events, so they are for those who wait
    /// for one.
    package func tellRoutes(_ wanted: Bool) throws(SystemError) {
        let raw = descriptor.raw
        _ = try systemCall("setsockopt") { clinux_route_events(raw, wanted) }
    }

    /// The number, for epoll.
    package var raw: CInt { descriptor.raw }

    /// Throws away what has come, so that it is not readable until something else happens.
    package func clear() {
        var byte: UInt8 = 0
        let raw = descriptor.raw
        while true {
            do throws(SystemError) {
                // unsafe: one byte of a local; a message that is longer is cut off (recv(2)).
                let length = try systemCallIfReady("recv") { unsafe recv(raw, &byte, 1, CInt(MSG_DONTWAIT)) }
                if length == nil { return }
            } catch {
                // ENOBUFS says that messages were lost, once; then there may be more.
                if error.errno != ENOBUFS { return }
            }
        }
    }
}
