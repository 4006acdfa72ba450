// SPDX-License-Identifier: Apache-2.0

/// The reasons of a close and the rules of a refusal that a word of an operator means.
package struct EndCauses: Hashable, Sendable {
    private let reasons: Set<CloseReason>
    private let refusals: Set<Refusal.Kind>

    /// The words for all of them, sorted: the reasons of closes, the names in status lists and the rules of records.
    package static let words: [String] = {
        let refusals = Refusal.Kind.allCases.flatMap { [$0.name, "\($0.rule)"] }
        return Set(CloseReason.allCases.map { "\($0.name)" } + refusals).sorted()
    }()

    /// Reads a word; nil if it means nothing.
    ///
    /// - Parameter word: `idle-timeout`, or of a refusal its name `listener-limit`, its rule `listener.max-connections`, or
    ///   the rule without the table of the listener, `max-connections`.
    package init?(_ word: String) {
        reasons = Set(CloseReason.allCases.filter { "\($0.name)" == word })
        refusals = Set(
            Refusal.Kind.allCases.filter {
                [$0.name, "\($0.rule)"].contains(word) || "\($0.rule)" == "listener.\(word)"
            })
        if reasons.isEmpty, refusals.isEmpty { return nil }
    }

    /// Whether a connection that ended for the reason is meant.
    package func contains(_ reason: CloseReason) -> Bool { reasons.contains(reason) }

    /// Whether what the rule refused is meant.
    package func contains(_ refusal: Refusal.Kind) -> Bool { refusals.contains(refusal) }
}
