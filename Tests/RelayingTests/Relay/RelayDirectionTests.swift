// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Relaying

@Suite("One direction of a relay")
struct RelayDirectionTests {
    /// Every state, each input, and what comes of it: what is not listed changes nothing and does nothing.
    static let states: [RelayDirection] = [
        .flowing, .holding, .draining(.finished), .draining(.broken), .over(.finished), .over(.broken), .cut,
    ]

    @Test("What is held stops the reading until it has gone", arguments: states)
    func held(_ before: RelayDirection) {
        var direction = before
        direction.held()
        #expect(direction == (before == .flowing ? .holding : before))
    }

    @Test("When all has gone, it flows again, or passes the end on", arguments: states)
    func drained(_ before: RelayDirection) {
        var direction = before
        let action = direction.drained()
        switch before {
        case .holding: #expect(direction == .flowing && action == .none)
        case .draining(.finished): #expect(direction == .over(.finished) && action == .finishDestination)
        case .draining(.broken): #expect(direction == .over(.broken) && action == .none)
        default: #expect(direction == before && action == .none)
        }
    }

    @Test("An end waits for what is held, and a break is never told as an end", arguments: states)
    func ended(_ before: RelayDirection) {
        for end in [RelayDirection.SourceEnd.finished, .broken] {
            var direction = before
            let action = direction.sourceEnded(end)
            switch before {
            case .flowing:
                #expect(direction == .over(end))
                #expect(action == (end == .finished ? .finishDestination : .none))
            case .holding, .draining(.finished):
                #expect(direction == .draining(end) && action == .none)
            default:
                #expect(direction == before && action == .none)
            }
        }
    }

    @Test("Nothing goes to who is gone", arguments: states)
    func cut(_ before: RelayDirection) {
        var direction = before
        direction.destinationBroke()
        let isOver = if case .over = before { true } else { false }
        #expect(direction == (isOver ? before : .cut))
        #expect(direction.isOver && !direction.isHolding)
    }
}
