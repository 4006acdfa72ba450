// SPDX-License-Identifier: Apache-2.0

/// The keys of a table and their values, in document order.
public struct TOMLTable: Sendable {
    /// One key and its value.
    public struct Entry: Sendable {
        /// The key, without its quotes and escapes; one part of a dotted key.
        public var key: String
        /// The range of the key, with its quotes.
        public var keyRange: SourceRange
        /// The value.
        public var value: TOMLValue

        /// Makes an entry from a key at `keyRange` and its value.
        public init(key: String, keyRange: SourceRange, value: TOMLValue) {
            self.key = key
            self.keyRange = keyRange
            self.value = value
        }
    }

    /// All keys with their values, in document order. No two keys are equal.
    public let entries: [Entry]
    /// Where the table is defined.
    ///
    /// Its header with the brackets, its braces, the dotted key that created it, or for the root the whole document.
    public let range: SourceRange
    /// The index of each key in `entries`; nil for a small table, which is searched faster.
    private let index: [ExactKey: Int]?

    /// The most entries for which a search is as fast as hashing.
    private static let searchableCount = 16

    /// Makes a table of `entries`. Of two entries with one key, the first is found.
    public init(entries: [Entry] = [], range: SourceRange) {
        self.entries = entries
        self.range = range
        if entries.count > Self.searchableCount {
            let places = entries.enumerated().map { (ExactKey($0.element.key), $0.offset) }
            index = Dictionary(places, uniquingKeysWith: { first, _ in first })
        } else {
            index = nil
        }
    }

    /// The entry of `key`; nil if there is none. Keys are equal if their scalars are: TOML has no Unicode normalisation.
    public subscript(key: String) -> Entry? {
        let key = ExactKey(key)
        if let index { return index[key].map { entries[$0] } }
        return entries.first { ExactKey($0.key) == key }
    }
}
