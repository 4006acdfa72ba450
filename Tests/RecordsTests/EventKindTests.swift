// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Records

@Suite struct EventKindTests {
    private static let refusals: [Refusal] = [
        .listenerLimit(1), .daemonLimit(1), .proxyHeader("none"), .loop(2), .upstreamsDown, .queueLimit(3),
        .ended(.clientClosed), .paused, .upstreamsWithdrawn,
    ]

    @Test func `each event and each reason has its own MESSAGE_ID`() {
        let identifiers =
            EventKind.allCases.map(\.messageID.description) + CloseReason.allCases.map(\.messageID.description)
            + Self.refusals.map(\.messageID.description)
        #expect(Set(identifiers).count == identifiers.count)
        for identifier in identifiers {
            #expect(identifier.count == 32)
            #expect(identifier.allSatisfy { "0123456789abcdef".contains($0) })
        }
    }

    @Test func eachNameIsAWordOfTheInterface() {
        let names =
            EventKind.allCases.map(\.name.description) + CloseReason.allCases.map(\.name.description)
            + CloseParty.allCases.map(\.name.description) + RecordLevel.allCases.map(\.name.description)
        for name in names {
            #expect(!name.isEmpty && name.allSatisfy { $0 == "-" || ("a"..."z").contains($0) }, "\(name)")
        }
    }

    @Test func theReasonsAreThoseOfTheDesign() {
        #expect(
            Set(CloseReason.allCases.map(\.name.description)) == [
                "client-closed", "upstream-closed", "finished", "idle-timeout", "lifetime", "reset-by-client",
                "reset-by-upstream", "connect-failed", "stopped", "drained", "closed-by-operator", "slow-reader",
                "queue-timeout", "half-close-timeout", "upstream-down",
                "message-too-long", "message-truncated", "error",
            ])
        #expect(
            Set(CloseParty.allCases.map(\.name.description)) == [
                "client", "upstream", "service", "operator", "daemon",
            ])
    }

    @Test(arguments: zip(RecordLevel.allCases, [7, 6, 5, 4, 3] as [UInt8]))
    func levelsHaveTheNumbersOfSyslog(level: RecordLevel, priority: UInt8) {
        // debug 7, info 6, notice 5, warning 4, error 3: syslog(3).
        #expect(level.priority == priority)
    }
}
