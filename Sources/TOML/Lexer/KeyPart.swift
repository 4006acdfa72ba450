// SPDX-License-Identifier: Apache-2.0

/// One part of a dotted key, or the whole of a simple one.
struct KeyPart {
    /// The key without quotes and escapes.
    var text: String
    /// The range of the part, with its quotes.
    var range: SourceRange
}
