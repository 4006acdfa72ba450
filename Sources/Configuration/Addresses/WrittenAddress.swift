// SPDX-License-Identifier: Apache-2.0

import Addresses

/// A socket address in a file, with its place.
struct WrittenAddress: Sendable {
    let endpoint: Endpoint
    /// The text of the string.
    let text: String
    /// The place of the string with its quotes.
    let span: SourceSpan

    /// The place of a part of the text, such as the name of a user.
    func span(of part: String) -> SourceSpan {
        let bytes = Array(text.utf8)
        let wanted = Array(part.utf8)
        guard !wanted.isEmpty, bytes.count >= wanted.count,
            // Searches from the end: the scheme could contain the same letters.
            let start = (0...bytes.count - wanted.count).last(where: {
                bytes[$0..<$0 + wanted.count].elementsEqual(wanted)
            })
        else { return span }
        return span(of: start..<start + wanted.count)
    }

    /// The place of the word before `://`.
    var schemeSpan: SourceSpan { span(of: 0..<endpoint.scheme.rawValue.utf8.count) }

    private func span(of part: Range<Int>) -> SourceSpan {
        span.file.span(span.file.range(of: part, in: text, at: span.range))
    }
}
