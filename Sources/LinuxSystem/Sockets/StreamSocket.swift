// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Calls on a connected socket that transfer no bytes.
package enum StreamSocket {
    /// Shuts down the writing direction: the peer reads the bytes sent so far, then EOF. shutdown(2).
    package static func finishWriting(_ raw: CInt) throws(SystemError) {
        _ = try systemCall("shutdown") { shutdown(raw, CInt(SHUT_WR)) }
    }

    /// Makes close(2) reset the connection and discard unsent bytes: SO_LINGER of socket(7) with a timeout of 0.
    package static func resetOnClose(_ raw: CInt) throws(SystemError) {
        var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
        // unsafe: a local of the size that is given.
        _ = try systemCall("setsockopt") {
            unsafe setsockopt(raw, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        }
    }
}
