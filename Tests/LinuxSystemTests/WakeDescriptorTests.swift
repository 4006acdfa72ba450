// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import LinuxSystem

@Suite struct WakeDescriptorTests {
    private func isReadable(_ raw: CInt) -> Bool {
        var request = pollfd(fd: raw, events: Int16(POLLIN), revents: 0)
        return poll(&request, 1, 0) == 1
    }

    @Test func `is readable from the first signal until it is cleared`() throws {
        let wake = try WakeDescriptor()
        #expect(!isReadable(wake.raw))
        for _ in 0..<1000 { wake.signal() }
        #expect(isReadable(wake.raw))
        wake.clear()
        #expect(!isReadable(wake.raw))
        // Clearing what is clear does not block.
        wake.clear()
        wake.signal()
        #expect(isReadable(wake.raw))
    }

    @Test func `a signal wakes another thread`() throws {
        let wake = try WakeDescriptor()
        let raw = wake.raw
        let poke = Thread { wake.signal() }
        poke.start()
        var request = pollfd(fd: raw, events: Int16(POLLIN), revents: 0)
        #expect(poll(&request, 1, CInt(patience.components.seconds) * 1000) == 1)
    }

    @Test func `EMFILE is reported`() {
        _ = FaultInjection.failing(call: 1, with: EMFILE) {
            #expect(throws: SystemError("eventfd", errno: EMFILE)) { _ = try WakeDescriptor() }
        }
    }
}
