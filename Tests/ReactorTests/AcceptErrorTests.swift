// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import Reactor

@Suite struct AcceptErrorTests {
    @Test(arguments: [
        ECONNABORTED, EPROTO, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH, EPERM,
        ETIMEDOUT,
    ])
    func `goes on to the next connection`(number: CInt) {
        #expect(AcceptError(errno: number) == .nextOne)
    }

    @Test(arguments: [EMFILE, ENFILE, ENOBUFS, ENOMEM, EBADF, EINVAL, EFAULT, ENOTSOCK, EIO, 0, 4711])
    func `leaves the socket alone for a while`(number: CInt) {
        #expect(AcceptError(errno: number) == .pause)
    }
}
