// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Reactor

@Suite struct SlotTableTests {
    @Test func `a token finds its occupant`() {
        var table = SlotTable()
        let first = Pollable()
        let second = Pollable()
        let firstToken = table.insert(first)
        let secondToken = table.insert(second)
        #expect(table.occupant(of: firstToken) === first)
        #expect(table.occupant(of: secondToken) === second)
        #expect(table[first.slot] === first)
        #expect(table.count == 2)
    }

    @Test func `the token of a removed occupant is stale, also after its slot is reused`() {
        var table = SlotTable()
        let first = Pollable()
        let stale = table.insert(first)
        let slot = first.slot
        table.remove(first)
        #expect(table.occupant(of: stale) == nil)
        let second = Pollable()
        let fresh = table.insert(second)
        #expect(second.slot == slot)
        #expect(table.occupant(of: stale) == nil)
        #expect(table.occupant(of: fresh) === second)
        #expect(table.count == 1)
    }

    @Test func `an unknown token finds nothing`() {
        let table = SlotTable()
        #expect(table.occupant(of: 0) == nil)
        #expect(table.occupant(of: .max) == nil)
        #expect(table[5] == nil)
    }

    @Test func `a slot that is released twice ends the process`() async {
        await #expect(processExitsWith: .failure) {
            var table = SlotTable()
            let pollable = Pollable()
            _ = table.insert(pollable)
            let slot = pollable.slot
            table.remove(pollable)
            pollable.slot = slot
            table.remove(pollable)
        }
    }
}
