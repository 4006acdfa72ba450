// SPDX-License-Identifier: Apache-2.0

import CLinux

/// Who stands behind the tokens that epoll returns.
///
/// A token carries the index of a slot and its generation. When what was in a slot is gone, the generation moves on, so
/// an event that the kernel had reported before is dropped instead of meeting whoever has the slot now.
struct SlotTable {
    private struct Slot {
        var occupant: Pollable?
        var generation: UInt32 = 0
    }

    private var slots: [Slot] = []
    private var free: [Int32] = []

    /// How many slots there are, taken or not.
    var capacity: Int { slots.count }

    /// How many slots are taken.
    var count: Int { slots.count - free.count }

    /// Takes a slot for the newcomer, and tells it which.
    mutating func insert(_ pollable: Pollable) -> UInt64 {
        let index: Int
        if let reused = free.popLast() {
            index = Int(reused)
        } else {
            index = slots.count
            slots.append(Slot())
        }
        slots[index].occupant = pollable
        pollable.slot = index
        return token(of: pollable)
    }

    /// The token of an occupant.
    func token(of pollable: Pollable) -> UInt64 {
        UInt64(slots[pollable.slot].generation) << 32 | UInt64(pollable.slot)
    }

    /// Gives the slot back.
    mutating func remove(_ pollable: Pollable) {
        let index = pollable.slot
        precondition(slots[index].occupant === pollable, "a slot is given back once, by its occupant")
        slots[index].occupant = nil
        slots[index].generation &+= 1
        pollable.slot = -1
        free.append(Int32(index))
    }

    /// The occupant that a token means; nil if it is gone.
    func occupant(of token: UInt64) -> Pollable? {
        let index = Int(truncatingIfNeeded: token & 0xffff_ffff)
        guard index < slots.count, slots[index].generation == UInt32(truncatingIfNeeded: token >> 32) else {
            return nil
        }
        return slots[index].occupant
    }

    /// Brings the occupant that a token means near, to be there when its turn comes.
    func prefetch(_ token: UInt64) {
        let index = Int(truncatingIfNeeded: token & 0xffff_ffff)
        guard index < slots.count, let occupant = slots[index].occupant else { return }
        // unsafe: the address is looked at by the processor's cache alone, which takes any.
        unsafe clinux_prefetch(Unmanaged.passUnretained(occupant).toOpaque())
    }

    /// The occupant of a slot, if there is one.
    subscript(index: Int) -> Pollable? { index < slots.count ? slots[index].occupant : nil }

    /// All occupants, in no particular order.
    var occupants: [Pollable] { slots.compactMap(\.occupant) }
}

#if DEBUG
    extension SlotTable {
        /// What is wrong with the table: each slot is taken by one that knows it, or free once. Debug builds only.
        var faults: [String] {
            var faults: [String] = []
            for (index, slot) in slots.enumerated() {
                if let occupant = slot.occupant, occupant.slot != index {
                    faults.append("who is in slot \(index) takes itself to be in \(occupant.slot)")
                }
            }
            let vacant = slots.indices.filter { slots[$0].occupant == nil }
            if free.map(Int.init).sorted() != vacant {
                faults.append("free slots \(free) are not those without occupant")
            }
            return faults
        }
    }
#endif
