// SPDX-License-Identifier: Apache-2.0

/// The problems found so far, up to a limit.
struct ProblemList {
    private(set) var problems: [TOMLProblem] = []
    /// How many problems were reported, whether they were kept or not. Tells whether something went wrong since.
    private(set) var reportCount = 0
    /// Whether there are as many problems as anyone wants to read.
    private(set) var isFull = false
    /// Drops what is reported, while skipping text of which the mistake was told already.
    var isMuted = false

    private let limit: Int

    init(limit: Int) {
        self.limit = max(1, limit)
    }

    /// Keeps `problem`, unless problems are muted or too many. The one beyond the limit says that reading stops.
    mutating func report(_ problem: TOMLProblem) {
        reportCount += 1
        guard !isMuted, !isFull else { return }
        guard problems.count < limit else {
            isFull = true
            problems.append(
                TOMLProblem(
                    message: "there are more mistakes; reading stopped here",
                    help: "correct the first \(limit), then look again",
                    range: problem.range))
            return
        }
        problems.append(problem)
    }

    /// The problems in the order of their places; the one that says that reading stopped is the last.
    func inOrder() -> [TOMLProblem] {
        let kept = problems.prefix(limit).enumerated().sorted {
            // Those at one place stay in the order in which they were found.
            ($0.element.range.start, $0.offset) < ($1.element.range.start, $1.offset)
        }
        return kept.map(\.element) + problems.dropFirst(limit)
    }
}
