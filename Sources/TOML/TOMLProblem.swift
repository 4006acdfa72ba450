// SPDX-License-Identifier: Apache-2.0

/// One mistake in a document: what is wrong, where, and how to mend it.
public struct TOMLProblem: Error, Sendable, Equatable {
    /// Another place that a problem refers to, such as the first definition of a key.
    public struct Related: Sendable, Equatable {
        /// Where it is.
        public var range: SourceRange
        /// What is there, as a phrase: "first defined here".
        public var note: String

        /// Makes a reference to `range` with a phrase that says what is there.
        public init(range: SourceRange, note: String) {
            self.range = range
            self.note = note
        }
    }

    /// What is wrong: a sentence without its capital letter and full stop, to stand behind `file:line:column: `.
    public var message: String
    /// How to mend it: a phrase to stand behind `help: `, without its capital letter and full stop.
    public var help: String?
    /// Where it is. Empty where something is missing.
    public var range: SourceRange
    /// The other place to look at, if there is one.
    public var related: Related?

    /// Makes a problem at `range`.
    public init(message: String, help: String? = nil, range: SourceRange, related: Related? = nil) {
        self.message = message
        self.help = help
        self.range = range
        self.related = related
    }
}
