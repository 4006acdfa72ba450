// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import LinuxSystem

@Suite struct SystemErrorTests {
    @Test(arguments: [
        (SystemError("bind", errno: EADDRINUSE), "bind: Address already in use (EADDRINUSE)"),
        (SystemError("accept4", errno: EMFILE), "accept4: Too many open files (EMFILE)"),
        (SystemError("recv", errno: 12345), "recv: Unknown error 12345 (errno 12345)"),
        (SystemError("recv", errno: -1), "recv: Unknown error -1 (errno -1)"),
    ])
    func `the text has the call, strerror and the errno name`(error: SystemError, text: String) {
        #expect(error.description == text)
    }

    @Test func `errors are equal only for the same call and errno`() {
        #expect(SystemError("bind", errno: 1) == SystemError("bind", errno: 1))
        #expect(SystemError("bind", errno: 1) != SystemError("listen", errno: 1))
        #expect(SystemError("bind", errno: 1) != SystemError("bind", errno: 2))
    }

    @Test func `the value is small`() {
        #expect(MemoryLayout<SystemError>.size <= 24)
    }
}
