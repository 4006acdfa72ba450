// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What to do after accept4(2) failed.
enum AcceptError: Equatable {
    /// This connection is gone, or the network had something to say of it; the next one may be well.
    case nextOne

    /// The host or the process is out of something. The connections wait in the kernel until there is some again.
    case pause

    /// Sorts an error number: accept(2), "Error handling".
    init(errno number: CInt) {
        switch number {
        case ECONNABORTED, EPROTO, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH,
            EPERM, ETIMEDOUT:
            self = .nextOne
        default:
            // EMFILE, ENFILE, ENOBUFS, ENOMEM; and whatever else there is must not make a loop that never rests.
            self = .pause
        }
    }
}
