// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import Testing

@testable import Reactor

@Suite struct BusLinkTests {
    private static let name = InterfaceName("can0") ?? .any
    private static let all: [BusLink] = [.unknown, .missing, .notCAN, .down, .up]

    private func link(isUp: Bool = true, isCAN: Bool = true) -> NetworkLink {
        NetworkLink(name: Self.name, index: 3, isUp: isUp, isCAN: isCAN)
    }

    @Test func `the state follows the interface`() {
        #expect(BusLink(nil) == .missing)
        #expect(BusLink(link()) == .up)
        #expect(BusLink(link(isUp: false)) == .down)
        #expect(BusLink(link(isCAN: false)) == .notCAN)
        #expect(BusLink(link(isUp: false, isCAN: false)) == .notCAN)
    }

    @Test(arguments: all, all)
    func `each change is reported once`(before: BusLink, now: BusLink) {
        var state = before
        let news = state.update(to: now)
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
        #expect(state.update(to: now) == nil)
    }

    @Test(arguments: [
        ([BusLink.up, .down, .up], [BusLink.News.waits(.down), .serves(wasDown: true)]),
        ([.missing, .down, .up], [.waits(.missing), .waits(.down), .serves(wasDown: true)]),
        ([.missing, .up], [.waits(.missing), .serves(wasDown: false)]),
        ([.up, .missing, .notCAN], [.waits(.removed), .waits(.notCAN)]),
    ])
    func `a change is reported with its cause`(seen: [BusLink], told: [BusLink.News]) {
        var state = BusLink.unknown
        #expect(seen.compactMap { state.update(to: $0) } == told)
    }

    @Test func `the status shows what is missing`() {
        #expect(
            Self.all.map { $0.awaited(Self.name) } == [nil, "can0 missing", "can0 not CAN", "can0 down", nil])
    }
}
