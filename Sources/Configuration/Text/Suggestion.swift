// SPDX-License-Identifier: Apache-2.0

import Addresses

/// The help for a word that does not exist.
struct Suggestion: Equatable {
    /// How to correct it.
    var help: String
    /// The valid words, if ``help`` introduces them.
    var choices: [String] = []

    /// The valid word that is meant, by another program's name for it or by its spelling; else the list of all.
    init(for word: String, among words: [String], what: String) {
        let meant = ForeignWords.value(word, among: words) ?? NearestName.find(word, among: words)
        if let meant {
            help = "did you mean `\(meant)`?"
        } else {
            help = "the \(what)s are"
            choices = words
        }
    }

    /// Makes a help without choices.
    init(_ help: String) {
        self.help = help
    }
}
