// SPDX-License-Identifier: Apache-2.0

import CLinux

/// Maps the tokens that epoll returns to pollables.
///
/// A token holds the index of a slot and its generation. Removing the occupant increments the generation, so an event that
/// the kernel reported before is dropped instead of reaching the next occupant.
struct SlotTable {
    private struct Slot {
        var occupant: Pollable?
        var generation: UInt32 = 0
        /// Of a free slot, the next one in the list of free slots; -1 at its end.
        var nextFree: Int32 = -1
    }

    private var slots: [Slot] = []

    /// The first of the list of free slots: the one that became free last; -1 for none.
    private var firstFree: Int32 = -1

    /// How many slots there are, occupied or free.
    var capacity: Int { slots.count }

    /// How many slots are occupied.
    private(set) var count = 0

    /// Puts a pollable into a free slot, and returns its token.
    mutating func insert(_ pollable: Pollable) -> UInt64 {
        let index: Int
        if firstFree >= 0 {
            index = Int(firstFree)
            firstFree = slots[index].nextFree
        } else {
            index = slots.count
            slots.append(Slot())
        }
        slots[index].occupant = pollable
        pollable.slot = index
        count += 1
        return token(of: pollable)
    }

    /// The token of an occupant.
    func token(of pollable: Pollable) -> UInt64 {
        UInt64(slots[pollable.slot].generation) << 32 | UInt64(pollable.slot)
    }

    /// Frees the slot of a pollable.
    mutating func remove(_ pollable: Pollable) {
        let index = pollable.slot
        precondition(slots[index].occupant === pollable, "a slot is given back once, by its occupant")
        slots[index].occupant = nil
        slots[index].generation &+= 1
        slots[index].nextFree = firstFree
        firstFree = Int32(index)
        pollable.slot = -1
        count -= 1
    }

    /// The occupant of a token; nil if it was removed.
    func occupant(of token: UInt64) -> Pollable? {
        let index = Int(truncatingIfNeeded: token & 0xffff_ffff)
        guard index < slots.count, slots[index].generation == UInt32(truncatingIfNeeded: token >> 32) else {
            return nil
        }
        return slots[index].occupant
    }

    /// Prefetches the occupant of a token into the processor's cache, before its event is handled.
    func prefetch(_ token: UInt64) {
        let index = Int(truncatingIfNeeded: token & 0xffff_ffff)
        guard index < slots.count, let occupant = slots[index].occupant else { return }
        // unsafe: only the processor's prefetch uses the address, and it does not fault whatever the address is.
        unsafe clinux_prefetch(Unmanaged.passUnretained(occupant).toOpaque())
    }

    /// The occupant of a slot, if there is one.
    subscript(index: Int) -> Pollable? { index < slots.count ? slots[index].occupant : nil }

    /// All occupants, in no particular order.
    var occupants: [Pollable] { slots.compactMap(\.occupant) }
}

#if DEBUG
    extension SlotTable {
        /// Broken invariants: an occupant knows its slot, and each other slot is in the free list once. Debug builds only.
        var faults: [String] {
            var faults: [String] = []
            for (index, slot) in slots.enumerated() {
                if let occupant = slot.occupant, occupant.slot != index {
                    faults.append("who is in slot \(index) takes itself to be in \(occupant.slot)")
                }
            }
            let vacant = slots.indices.filter { slots[$0].occupant == nil }
            var free: [Int] = []
            var next = firstFree
            while next >= 0, free.count <= slots.count {
                free.append(Int(next))
                next = slots[Int(next)].nextFree
            }
            if free.sorted() != vacant || count != slots.count - vacant.count {
                faults.append("free slots \(free) are not those without occupant, or not \(count) are taken")
            }
            return faults
        }
    }
#endif
