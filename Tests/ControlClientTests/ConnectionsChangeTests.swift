// SPDX-License-Identifier: Apache-2.0

import ControlProtocol
import Testing

@testable import ControlClient

@Suite struct ConnectionsChangeTests {
    private static func list(_ connections: [ConnectionStatus]) -> ControlResults.Connections {
        ControlResults.Connections(connections: connections, count: connections.count)
    }

    @Test func `the rate is what a connection moved in the time by which it became older`() throws {
        let before = ConnectionStatus.sample(7, age: 10_000_000, bytesIn: 1000, bytesOut: 500)
        let after = ConnectionStatus.sample(7, age: 12_000_000, bytesIn: 5000, bytesOut: 500)
        let change = ConnectionsChange(from: Self.list([before]), to: Self.list([after]), durationMicroseconds: 1)
        #expect(change.rate(of: after) == ConnectionRate(bytesIn: 2000, bytesOut: 0))
    }

    @Test func `a connection that was opened in between counts from its beginning, and another one is not known`() {
        let new = ConnectionStatus.sample(8, age: 500_000, bytesIn: 1000, bytesOut: 0)
        let old = ConnectionStatus.sample(9, age: 60_000_000, bytesIn: 1000, bytesOut: 0)
        let fresh = ConnectionStatus.sample(10, age: 0, bytesIn: 0, bytesOut: 0)
        let change = ConnectionsChange(
            from: Self.list([]), to: Self.list([new, old, fresh]), durationMicroseconds: 1_000_000)
        #expect(change.rate(of: new) == ConnectionRate(bytesIn: 2000, bytesOut: 0))
        #expect(change.rate(of: old) == nil)
        #expect(change.rate(of: fresh) == nil)
    }

    @Test func `counts that go back are no rate below zero`() {
        let before = ConnectionStatus.sample(7, age: 10, bytesIn: 1000, bytesOut: .max)
        let after = ConnectionStatus.sample(7, age: 20, bytesIn: 10, bytesOut: 0)
        let change = ConnectionsChange(from: Self.list([before]), to: Self.list([after]), durationMicroseconds: 0)
        #expect(change.rate(of: after) == ConnectionRate(bytesIn: 0, bytesOut: 0))
    }

    @Test func `the fastest are first, and those of which it is not known last`() {
        func list(_ bytes: [UInt64?]) -> ControlResults.Connections {
            Self.list(
                bytes.enumerated().compactMap { index, bytes in
                    bytes.map {
                        .sample(UInt64(index), age: 1_000_000 + ($0 > 0 ? 1_000_000 : 0), bytesIn: $0, bytesOut: $0)
                    }
                })
        }
        let later = list([10, 30, 20, 30, .max])
        let change = ConnectionsChange(from: list([0, 0, nil, 0, 0]), to: later, durationMicroseconds: 1000)
        #expect(change.sortedByRate(later.connections).map(\.number) == [4, 1, 3, 0, 2])
    }

    @Test func `JSON has what was counted beside the list`() {
        let before = ConnectionStatus.sample(7, age: 10, bytesIn: 1000, bytesOut: 0)
        let after = ConnectionStatus.sample(7, age: 30, bytesIn: 1200, bytesOut: 5)
        let other = ConnectionStatus.sample(8, age: 300, bytesIn: 1, bytesOut: 1)
        let list = Self.list([after, other])
        var bytes: [UInt8] = []
        JSONText.append(
            ConnectionsWithChange(
                list, ConnectionsChange(from: Self.list([before]), to: list, durationMicroseconds: 20)), to: &bytes)
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.contains("\"count\":2,\"interval\":"))
        #expect(
            text.hasSuffix(
                "{\"connections\":[{\"number\":7,\"duration_us\":20,\"bytes_in\":200,\"bytes_out\":5}]}}"))
    }
}

extension ConnectionStatus {
    /// A connection of the listener `front`.
    static func sample(
        _ number: UInt64, age: UInt64 = 200_000_000, bytesIn: UInt64 = 340, bytesOut: UInt64 = 1_234_567
    ) -> ConnectionStatus {
        ConnectionStatus(
            number: number, listener: "front", service: "forward", peer: "tcp://192.0.2.7:4012\(number % 10)",
            local: "tcp://127.0.0.1:7007", lane: 0, accepted: 0, durationMicroseconds: age, idleMicroseconds: 1_200_000,
            bytesIn: bytesIn, bytesOut: bytesOut)
    }
}
