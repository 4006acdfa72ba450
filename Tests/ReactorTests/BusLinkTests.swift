// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import Testing

@testable import Reactor

@Suite struct BusLinkTests {
    private static let name = InterfaceName("can0") ?? .any
    private static let all: [BusLink] = [.unknown, .missing, .foreign, .down, .up]

    private func link(isUp: Bool = true, isCAN: Bool = true) -> NetworkLink {
        NetworkLink(name: Self.name, index: 3, isUp: isUp, isCAN: isCAN)
    }

    @Test func `is what the interface is`() {
        #expect(BusLink(nil) == .missing)
        #expect(BusLink(link()) == .up)
        #expect(BusLink(link(isUp: false)) == .down)
        #expect(BusLink(link(isCAN: false)) == .foreign)
        #expect(BusLink(link(isUp: false, isCAN: false)) == .foreign)
    }

    @Test(arguments: all, all)
    func `tells of each change once, and of nothing that stays`(before: BusLink, now: BusLink) {
        var state = before
        let news = state.see(now, interface: Self.name)
        #expect(state == now)
        switch (before, now) {
        case (_, .unknown), (.unknown, .up): #expect(news == nil)
        case _ where before == now: #expect(news == nil)
        case (_, .up):
            guard case .serves = news else {
                return #expect(Bool(false), "\(before) -> \(now): \(String(describing: news))")
            }
        default:
            guard case .waits = news else {
                return #expect(Bool(false), "\(before) -> \(now): \(String(describing: news))")
            }
        }
        #expect(state.see(now, interface: Self.name) == nil)
    }

    @Test(arguments: [
        (
            [BusLink.up, .down, .up],
            [
                "the interface can0 has gone down, and is used again when it comes up (`ip link set can0 up`)",
                "the interface can0 is up",
            ]
        ),
        (
            [.missing, .down, .up],
            [
                "this host has no interface can0 now, and uses it when it appears (`ip link` shows what there is)",
                "the interface can0 is down, and is used when it comes up (`ip link set can0 up`)",
                "the interface can0 is up",
            ]
        ),
        (
            [.missing, .up],
            [
                "this host has no interface can0 now, and uses it when it appears (`ip link` shows what there is)",
                "the interface can0 is there",
            ]
        ),
        (
            [.up, .missing, .foreign],
            [
                "the interface can0 is gone, and is used again when there is one of this name",
                "the interface can0 does not lead to a CAN bus; one of this name that does is waited for",
            ]
        ),
    ])
    func `says what has happened, and what to do`(seen: [BusLink], said: [String]) {
        var state = BusLink.unknown
        let news = seen.compactMap { state.see($0, interface: Self.name) }
        #expect(
            news.map { news in
                switch news {
                case .waits(let words), .serves(let words): words
                }
            } == said)
    }

    @Test func `shows in the status what is waited for`() {
        #expect(
            Self.all.map { $0.awaited(Self.name) } == [nil, "can0 missing", "can0 not CAN", "can0 down", nil])
    }
}
