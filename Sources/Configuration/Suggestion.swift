// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// What to say when somebody wrote a word that does not exist.
enum Suggestion {
    /// Words in a sentence: `` `a`, `b`, `c` ``.
    static func list(_ words: [String]) -> String {
        words.map { "`\($0)`" }.joined(separator: ", ")
    }

    /// The word that was likely meant, or the list of those that there are.
    static func help(for word: String, among words: [String], what: String) -> String {
        if let nearest = NearestName.find(word, among: words) { return "did you mean `\(nearest)`?" }
        return "the \(what)s are \(list(words))"
    }
}
