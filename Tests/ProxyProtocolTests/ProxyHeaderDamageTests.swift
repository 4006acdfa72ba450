// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ProxyProtocol

/// Headers with one byte changed, in every place, to every other value.
@Suite struct ProxyHeaderDamageTests {
    static let headers: [[UInt8]] = [
        ascii("PROXY TCP4 1.2.3.4 5.6.7.8 9 10\r\n"), ascii("PROXY TCP6 ::1 a::b 9 10\r\n"),
        ascii("PROXY UNKNOWN x\r\n"),
        binary(0x21, 0x11, inetBytes), binary(0x21, 0x11, inetBytes + field(5, [1]) + field(2, [2])),
        binary(0x20, 0x00, field(5, [1, 2])),
    ]

    @Test(arguments: headers)
    func `damage keeps the invariants`(header: [UInt8]) {
        for place in header.indices {
            var damaged = header + [0, 0]
            for byte in UInt8.min...UInt8.max {
                damaged[place] = byte
                let failures = proxyHeaderInvariantFailures(of: damaged)
                if !failures.isEmpty { Issue.record("\(damaged): \(failures)") }
            }
        }
    }

    /// Only what makes the checksum itself be looked for elsewhere may hide: the family, the length, the type.
    @Test func `damage is detected by the checksum`() {
        let header = ProxyHeader(
            version: .v2, transport: .stream, source: inetSource, destination: inetDestination
        ).encoded(checksum: true)
        for place in header.indices where ![13, 14, 15, 28].contains(place) {
            var damaged = header
            for byte in UInt8.min...UInt8.max where byte != header[place] {
                damaged[place] = byte
                guard case .mistake = ProxyOutcome(damaged[...]) else {
                    Issue.record("taken with \(byte) at \(place)")
                    continue
                }
            }
        }
    }
}
