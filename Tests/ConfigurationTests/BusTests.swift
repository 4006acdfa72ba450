// SPDX-License-Identifier: Apache-2.0

import Configuration
import LinuxSystem
import Testing

@Suite struct BusTests {
    private func listen(_ address: String, service: String = "discard") throws -> ListenAddress {
        let text = "[listener.a]\nlisten = \"\(address)\"\nservice = \"\(service)\"\n"
        let (configuration, problems) = Configuration.parse(
            files: [(path: "a.toml", bytes: Array(text.utf8))], host: TestHost())
        #expect(problems.isEmpty)
        return try #require(configuration?.listeners.first?.listen.first)
    }

    @Test func `an interface need not be there`() throws {
        let address = try listen("can://not-there-yet", service: "echo")
        let name = try #require(InterfaceName("not-there-yet"))
        #expect(address.target == .bind(.can, [.can(name, .none)], dualStack: false))
    }

    @Test func `a star is every interface`() throws {
        #expect(try listen("can://*").target == .bind(.can, [.can(.any, .none)], dualStack: false))
    }

    @Test func `filters come with the address`() throws {
        let address = try listen("can://can0?id=0x100&mask=0x700&id=0x00000123")
        #expect(
            address.datagrams.filters == [CANFilter(id: 0x100, mask: 0x700), CANFilter(id: 0x123, isExtended: true)])
    }

    /// The kernel takes 512, which is more than an address has room for.
    @Test(arguments: [100, 513])
    func `there may be as many filters as the address holds`(count: Int) {
        let options = (0..<count).map { "id=\($0)" }.joined(separator: "&")
        let text = "[listener.a]\nlisten = \"can://can0?\(options)\"\nservice = \"discard\"\n"
        let (configuration, problems) = Configuration.parse(
            files: [(path: "a.toml", bytes: Array(text.utf8))], host: TestHost())
        #expect(configuration?.listeners.first?.listen.first?.datagrams.filters.count == (count == 100 ? 100 : nil))
        #expect(problems.count == (count == 100 ? 0 : 1))
    }

    @Test func `RDS has the addresses of IP`() throws {
        #expect(
            try listen("rds://127.0.0.1:7", service: "daytime").target
                == .bind(.rds, [.ipv4(.loopback, port: 7)], dualStack: false))
    }
}
