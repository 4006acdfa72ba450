// SPDX-License-Identifier: Apache-2.0

/// The places of a queue, ordered by number.
///
/// Each operation takes logarithmic time, except when it compacts. A place that was left remains, empty, until more than
/// half are empty or a search has skipped many. So leaving a place in the middle moves nothing, and the same number can be
/// taken again cheaply.
package struct WaitingPlaces<Waiter> {
    /// How many empty places are kept regardless of ``count``; also how many a search skips before it compacts.
    private static var mostEmpty: Int { 64 }

    /// In ascending order of their numbers.
    private var places: [(number: UInt64, waiter: Waiter?)] = []

    /// The index of the first taken place; the end if there is none.
    private var head = 0

    /// How many places are taken.
    package private(set) var count = 0

    /// Makes a queue without waiters.
    package init() {}

    /// Takes a place that is free.
    package mutating func insert(_ waiter: Waiter, at number: UInt64) {
        let index = index(of: number)
        if index < places.count, places[index].number == number {
            places[index].waiter = waiter
        } else if index > 0, places[index - 1].waiter == nil {
            // No other number lies between the empty place in front and this one, so the empty place can be reused.
            places[index - 1] = (number, waiter)
        } else {
            places.insert((number, waiter), at: index)
        }
        count += 1
        head = min(head, max(index - 1, 0))
        skipEmpty()
    }

    /// Frees a place.
    ///
    /// - Returns: whether it was taken.
    package mutating func remove(at number: UInt64) -> Bool {
        let index = index(of: number)
        guard index < places.count, places[index].number == number else { return false }
        return take(index) != nil
    }

    /// Frees the first taken place with a number above this one, and returns its waiter.
    ///
    /// 0 means the first of all.
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

    /// The numbers of the taken places.
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

    /// The index of the first place whose number is not lower.
    private func index(of number: UInt64) -> Int {
        var (low, high) = (0, places.count)
        while low < high {
            let middle = (low + high) / 2
            if places[middle].number < number { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
