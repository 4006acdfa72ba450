// SPDX-License-Identifier: Apache-2.0

import Addresses

/// What to say when somebody wrote a word that does not exist.
struct Suggestion: Equatable {
    /// How to mend it.
    var help: String
    /// The words that there are, if ``help`` introduces them.
    var choices: [String] = []

    /// The word that is meant, by other programs' name for it or by its spelling; or the list of those that there are.
    init(for word: String, among words: [String], what: String) {
        let meant = ForeignWords.value(word, among: words) ?? NearestName.find(word, among: words)
        if let meant {
            help = "did you mean `\(meant)`?"
        } else {
            help = "the \(what)s are"
            choices = words
        }
    }

    /// A sentence alone.
    init(_ help: String) {
        self.help = help
    }
}
