// SPDX-License-Identifier: Apache-2.0

/// The places of a waiting line, in the order of their numbers.
///
/// Each operation takes logarithmic time, but for one in many that tidies up. A place that was left stays, empty, until half
/// of all are empty or a search has passed many: so nothing moves when one is left in the middle, and one that is taken again
/// is still there.
package struct WaitingPlaces<Waiter> {
    /// How many empty places may stand however few are taken, and how many a search passes before it tidies up.
    private static var mostEmpty: Int { 64 }

    /// By their numbers, which rise.
    private var places: [(number: UInt64, waiter: Waiter?)] = []

    /// Where the first place stands that is taken.
    private var head = 0

    /// How many places are taken.
    package private(set) var count = 0

    /// No place is taken.
    package init() {}

    /// Takes a place, which is not taken.
    package mutating func insert(_ waiter: Waiter, at number: UInt64) {
        let index = index(of: number)
        if index < places.count, places[index].number == number {
            places[index].waiter = waiter
        } else if index > 0, places[index - 1].waiter == nil {
            // No number stands between the two.
            places[index - 1] = (number, waiter)
        } else {
            places.insert((number, waiter), at: index)
        }
        count += 1
        head = min(head, max(index - 1, 0))
        skipEmpty()
    }

    /// Leaves a place.
    ///
    /// - Returns: whether it was taken.
    package mutating func remove(at number: UInt64) -> Bool {
        let index = index(of: number)
        guard index < places.count, places[index].number == number else { return false }
        return take(index) != nil
    }

    /// Leaves the first place behind a number.
    package mutating func takeFirst(behind number: UInt64) -> (number: UInt64, waiter: Waiter)? {
        let start = number == 0 ? head : max(head, index(of: number &+ 1))
        guard var index = places[start...].firstIndex(where: { $0.waiter != nil }) else { return nil }
        if index - start > Self.mostEmpty {
            let found = places[index].number
            tidyUp()
            index = self.index(of: found)
        }
        let found = places[index].number
        return take(index).map { (found, $0) }
    }

    /// The numbers of the places that are taken.
    package var numbers: [UInt64] { places.filter { $0.waiter != nil }.map(\.number) }

    private mutating func take(_ index: Int) -> Waiter? {
        guard let waiter = places[index].waiter.take() else { return nil }
        count -= 1
        skipEmpty()
        if places.count - count > max(count, Self.mostEmpty) { tidyUp() }
        return waiter
    }

    private mutating func skipEmpty() {
        while head < places.count, places[head].waiter == nil { head += 1 }
    }

    private mutating func tidyUp() {
        places.removeAll { $0.waiter == nil }
        head = 0
    }

    /// Where the first place stands whose number is not lower.
    private func index(of number: UInt64) -> Int {
        var (low, high) = (0, places.count)
        while low < high {
            let middle = (low + high) / 2
            if places[middle].number < number { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
