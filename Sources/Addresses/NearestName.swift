// SPDX-License-Identifier: Apache-2.0

/// Finds the name that somebody most likely meant.
package enum NearestName {
    /// The candidate nearest to `name`, if it is near enough to be worth offering.
    ///
    /// Near is: at most one mistake in three letters, where a mistake is a letter too many, too few, wrong, or two
    /// neighbours swapped (the optimal string alignment distance). Three letters or more that begin one candidate alone
    /// are near to it too. Case does not count. Of equals, the first wins.
    package static func find(_ name: String, among candidates: some Sequence<String>) -> String? {
        let wanted = Array(name.lowercased().utf8)
        // A longer text is no slip of the fingers, and the table below grows with the square of the length.
        guard !wanted.isEmpty, wanted.count <= 64 else { return nil }
        var best: (name: String, distance: Int)?
        for candidate in candidates {
            let letters = Array(candidate.lowercased().utf8)
            let distance = distance(wanted, letters)
            guard distance <= max(1, max(wanted.count, letters.count) / 3), distance < letters.count else { continue }
            if best == nil || distance < best?.distance ?? 0 { best = (candidate, distance) }
        }
        if let best { return best.name }
        let longer = candidates.filter { wanted.count >= 3 && $0.lowercased().utf8.starts(with: wanted) }
        return longer.count == 1 ? longer.first : nil
    }

    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforeLast = [Int](repeating: 0, count: right.count + 1)
        var last = Array(0...right.count)
        for row in 0..<left.count {
            var current = [row + 1]
            current.reserveCapacity(right.count + 1)
            for column in 0..<right.count {
                let substitution = last[column] + (left[row] == right[column] ? 0 : 1)
                var cost = min(substitution, last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    cost = min(cost, beforeLast[column - 1] + 1)
                }
                current.append(cost)
            }
            beforeLast = last
            last = current
        }
        return last[right.count]
    }
}
