// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Addresses

@Suite struct InterfaceNameTests {
    @Test(arguments: ["a", "lo", "can0", "eth0.100", "12345678", "123456789", "enp0s31f6.4094"])
    func `every byte of a name is kept`(text: String) throws {
        let name = try #require(InterfaceName(text))
        #expect(name.description == text)
        #expect(name.bytes == Array(text.utf8))
        #expect([UInt8](capacity: 64) { name.append(to: &$0) } == Array(text.utf8))
        #expect(!name.isAny)
    }

    @Test func `the longest has fifteen bytes`() {
        #expect(InterfaceName(String(repeating: "x", count: 15))?.description == String(repeating: "x", count: 15))
        #expect(InterfaceName(String(repeating: "x", count: 16)) == nil)
        #expect(InterfaceName("") == nil)
        #expect(InterfaceName("üüüüüüüü") == nil, "sixteen bytes")
    }

    @Test func `names that differ in one byte differ`() {
        let names = (0..<15).compactMap { place in
            InterfaceName(String((0..<15).map { $0 == place ? "b" : "a" }))
        }
        #expect(Set(names).count == 15)
    }

    @Test func `* is every interface`() {
        #expect(InterfaceName.any.isAny)
        #expect(InterfaceName.any.description == "*")
        #expect(InterfaceName.any.index == 0)
    }

    @Test func `an interface is found by name and by number`() throws {
        let lo = try #require(InterfaceName("lo"))
        let index = try #require(lo.index)
        #expect(index > 0)
        #expect(InterfaceName(index: index) == lo)
        #expect(InterfaceName("no-such-one")?.index == nil)
        #expect(InterfaceName(index: .max) == nil)
    }

    @Test func `the number of a missing interface is one that no interface has, another for each name`() {
        let numbers = ["eth0", "eth1", "wlan0", "", "a-name-of-15-by"].map(InterfaceName.absentIndex(of:))
        #expect(Set(numbers).count == numbers.count)
        #expect(numbers.allSatisfy { $0 >= 0x4000_0000 && $0 <= UInt32(CInt.max) })
        #expect(InterfaceName.absentIndex(of: "eth0") == InterfaceName.absentIndex(of: "eth0"))
        for number in numbers { #expect(InterfaceName(index: number) == nil) }
    }
}
