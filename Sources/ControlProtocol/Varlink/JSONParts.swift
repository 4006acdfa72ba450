// SPDX-License-Identifier: Apache-2.0

/// Finds parts of a JSON text (RFC 8259) without decoding them, so that their members keep their order and their bytes.
///
/// The text is one that a decoder has accepted; of any other the parts are arbitrary, and nothing is read beyond its end.
package enum JSONParts {
    /// The value of a member of an object; nil if there is no such member, or no object.
    ///
    /// - Parameter name: without characters that are escaped.
    package static func member(_ name: String, of text: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        var rest = text
        guard take(UInt8(ascii: "{"), of: &rest) else { return nil }
        while !rest.isEmpty, !take(UInt8(ascii: "}"), of: &rest) {
            let key = takeValue(of: &rest)
            guard take(UInt8(ascii: ":"), of: &rest) else { return nil }
            let value = takeValue(of: &rest)
            if key.dropFirst().dropLast().elementsEqual(name.utf8) { return value }
            _ = take(UInt8(ascii: ","), of: &rest)
        }
        return nil
    }

    /// The values of an array; empty if it is none.
    package static func values(of text: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        var rest = text
        var values: [ArraySlice<UInt8>] = []
        guard take(UInt8(ascii: "["), of: &rest) else { return [] }
        while !rest.isEmpty, !take(UInt8(ascii: "]"), of: &rest) {
            let value = takeValue(of: &rest)
            // No value: the text is no JSON.
            guard !value.isEmpty else { return values }
            values.append(value)
            _ = take(UInt8(ascii: ","), of: &rest)
        }
        return values
    }

    private static func isSpace(_ byte: UInt8) -> Bool { " \t\r\n".utf8.contains(byte) }

    private static func skipSpace(_ text: inout ArraySlice<UInt8>) {
        text = text.drop(while: isSpace)
    }

    /// Takes a character, with the space before it.
    private static func take(_ character: UInt8, of text: inout ArraySlice<UInt8>) -> Bool {
        skipSpace(&text)
        guard text.first == character else { return false }
        text = text.dropFirst()
        return true
    }

    /// Takes a value, with the space before it: up to the comma, the colon or the bracket behind it.
    private static func takeValue(of text: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        skipSpace(&text)
        var depth = 0
        var isString = false
        var isEscaped = false
        var end = text.startIndex
        loop: while end != text.endIndex {
            let byte = text[end]
            if isString {
                isString = isEscaped || byte != UInt8(ascii: "\"")
                isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
            } else {
                switch byte {
                case UInt8(ascii: "\""): isString = true
                case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    if depth == 0 { break loop }
                    depth -= 1
                case UInt8(ascii: ","), UInt8(ascii: ":"):
                    if depth == 0 { break loop }
                default: break
                }
            }
            end = text.index(after: end)
        }
        defer { text = text[end...] }
        var value = text[..<end]
        while let last = value.last, isSpace(last) { value = value.dropLast() }
        return value
    }
}

/// A reply of `Events` or `History`: what was decoded, and the records as they were sent.
package struct RecordsReply<Results: Decodable> {
    package let results: Results
    /// The JSON object of each record.
    package let records: [ArraySlice<UInt8>]
    /// Whether more replies follow.
    package let continues: Bool

    /// Reads a message without its NUL.
    ///
    /// - Throws: as ``ReceivedReply``.
    package init(_ message: ArraySlice<UInt8>) throws {
        let reply = try ReceivedReply<Results>(message)
        (results, continues) = (reply.parameters, reply.continues)
        records =
            JSONParts.member("parameters", of: message).flatMap { JSONParts.member("records", of: $0) }.map {
                JSONParts.values(of: $0)
            } ?? []
    }
}
