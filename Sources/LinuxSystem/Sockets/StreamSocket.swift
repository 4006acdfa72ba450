// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Calls on a connected socket that move no bytes.
package enum StreamSocket {
    /// Ends the writing direction: the peer reads what was sent, and then the end. shutdown(2).
    package static func finishWriting(_ raw: CInt) throws(SystemError) {
        _ = try systemCall("shutdown") { shutdown(raw, CInt(SHUT_WR)) }
    }

    /// Makes the close of the socket a reset, which throws away what was not sent yet: SO_LINGER of socket(7).
    package static func resetOnClose(_ raw: CInt) throws(SystemError) {
        var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
        // unsafe: a local of the size that is given.
        _ = try systemCall("setsockopt") {
            unsafe setsockopt(raw, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        }
    }
}
