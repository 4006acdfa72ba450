// SPDX-License-Identifier: Apache-2.0

import Glibc
import TestSupport
import Testing

@testable import LinuxSystem

@Suite struct OwnedDescriptorTests {
    @Test func `the descriptor is closed in deinit`() throws {
        try withOwnDescriptors {
            let before = try openDescriptors()
            var during: Set<CInt> = []
            var raw: CInt = -1
            do {
                let descriptor = OwnedDescriptor(adopting: open("/dev/null", O_RDONLY))
                raw = descriptor.raw
                during = try openDescriptors()
            }
            #expect(during.contains(raw) && !before.contains(raw))
            #expect(try openDescriptors() == before)
        }
    }

    @Test func `a released descriptor is not closed`() throws {
        try withOwnDescriptors {
            let raw = OwnedDescriptor(adopting: open("/dev/null", O_RDONLY)).relinquish()
            let after = try openDescriptors()
            #expect(after.contains(raw))
        }
    }
}
