// SPDX-License-Identifier: Apache-2.0

/// Finds the intended name for a misspelled one.
package enum NearestName {
    /// The candidate nearest to `name`, if it is near enough.
    ///
    /// Near means at most one mistake in three letters: an extra, missing or wrong letter, or two swapped neighbours (the optimal
    /// string alignment distance). A prefix of three letters or more that fits one candidate only is near too. Case is ignored.
    /// Of equally near candidates the first wins.
    package static func find(_ name: String, among candidates: some Sequence<String>) -> String? {
        let wanted = Array(name.lowercased().utf8)
        // A longer text is no typing mistake, and the cost grows with the square of the length.
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
