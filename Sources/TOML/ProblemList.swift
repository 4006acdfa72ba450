// SPDX-License-Identifier: Apache-2.0

/// Collects problems up to a limit.
struct ProblemList {
    private(set) var problems: [TOMLProblem] = []
    /// How many problems were reported, kept or not. A higher count shows that a problem occurred meanwhile.
    private(set) var reportCount = 0
    /// Whether the limit is reached.
    private(set) var isFull = false
    /// Whether reports are dropped: for text that is skipped because its mistake was reported already.
    var isMuted = false

    private let limit: Int

    init(limit: Int) {
        self.limit = max(1, limit)
    }

    /// Keeps `problem`, unless problems are muted or too many. The one beyond the limit says that parsing stopped.
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

    /// The problems sorted by place; the one that says that parsing stopped comes last.
    func inOrder() -> [TOMLProblem] {
        let kept = problems.prefix(limit).enumerated().sorted {
            // Problems at one place keep the order in which they were found.
            ($0.element.range.start, $0.offset) < ($1.element.range.start, $1.offset)
        }
        return kept.map(\.element) + problems.dropFirst(limit)
    }
}
