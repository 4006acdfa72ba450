// SPDX-License-Identifier: Apache-2.0

/// One mistake in a document: what is wrong, where, and how to correct it.
public struct TOMLProblem: Error, Sendable, Equatable {
    /// Another place that a problem refers to, such as the first definition of a key.
    public struct Related: Sendable, Equatable {
        /// The other place.
        public var range: SourceRange
        /// A phrase about that place: "first defined here".
        public var note: String

        /// Makes a reference to `range` with a phrase about it.
        public init(range: SourceRange, note: String) {
            self.range = range
            self.note = note
        }
    }

    /// What is wrong: a sentence without a capital letter and a full stop, to follow `file:line:column: `.
    public var message: String
    /// How to correct it: a phrase without a capital letter and a full stop, to follow `help: `.
    public var help: String?
    /// The place. Empty if something is missing there.
    public var range: SourceRange
    /// The other place, if any.
    public var related: Related?

    /// Makes a problem at `range`.
    public init(message: String, help: String? = nil, range: SourceRange, related: Related? = nil) {
        self.message = message
        self.help = help
        self.range = range
        self.related = related
    }
}
