// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import Addresses
@testable import LinuxSystem

@Suite struct NetworkLinkTests {
    @Test func `loopback is up, and no bus`() throws {
        let events = try LinkEvents()
        let name = try #require(InterfaceName("lo"))
        let link = try #require(try NetworkLink.named(name, through: events.raw))
        #expect(link.name == name)
        #expect(link.index == name.index)
        #expect(!link.isCAN)
        #expect(try NetworkLink.numbered(link.index, through: events.raw) == link)
    }

    @Test func `an unknown name has no interface`() throws {
        let events = try LinkEvents()
        let name = try #require(InterfaceName("no-such-link-0"))
        #expect(try NetworkLink.named(name, through: events.raw) == nil)
        #expect(try NetworkLink.numbered(UInt32(CInt.max), through: events.raw) == nil)
    }

    @Test(arguments: [EMFILE, EPERM, ENOMEM])
    func `a failed request has no result`(errno: CInt) throws {
        let events = try LinkEvents()
        let name = try #require(InterfaceName("lo"))
        var error: SystemError?
        let isReached = FaultInjection.failing(call: 1, with: errno) {
            do throws(SystemError) { _ = try NetworkLink.named(name, through: events.raw) } catch let failure {
                error = failure
            }
        }
        #expect(isReached)
        #expect(error == SystemError("ioctl", errno: errno))
    }

    @Test func `cleared events are not ready, also after ENOBUFS`() throws {
        let events = try LinkEvents()
        var ready = pollfd(fd: events.raw, events: Int16(POLLIN), revents: 0)
        #expect(FaultInjection.failing(call: 1, with: ENOBUFS) { events.clear() })
        #expect(poll(&ready, 1, 0) == 0)
    }
}
