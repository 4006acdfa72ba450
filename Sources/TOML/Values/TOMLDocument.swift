// SPDX-License-Identifier: Apache-2.0

/// A parsed document of TOML 1.0.0 (toml.io/en/v1.0.0).
public struct TOMLDocument: Sendable {
    /// The top-level table: everything that could be parsed, also around mistakes.
    public var root: TOMLTable
    /// The mistakes in the document, sorted by place. Empty for a valid document.
    public var problems: [TOMLProblem]

    /// Parses `bytes` as TOML 1.0.0.
    ///
    /// Never fails and never traps, whatever the bytes: mistakes are in ``problems``, and parsing continues after each. The cost
    /// is proportional to the length of the document.
    public static func parse(_ bytes: [UInt8], limits: TOMLLimits = .default) -> TOMLDocument {
        guard bytes.count <= limits.size else {
            return unread(
                bytes,
                TOMLProblem(
                    message: "the document has \(bytes.count) bytes, more than \(limits.size)",
                    help: "split it into several files, or see whether this is the right one",
                    range: SourceRange(start: 0, end: 0)))
        }
        if let null = bytes.firstIndex(of: ASCII.null) {
            return unread(
                bytes,
                TOMLProblem(
                    message: "there is a null byte, so this is not text",
                    help: "save the file as text in the encoding UTF-8, not UTF-16, or remove the byte",
                    range: SourceRange(start: null, end: null + 1)))
        }
        var parser = Parser(bytes: bytes, limits: limits)
        return parser.document()
    }

    /// The result for bytes that are not parsed because of `problem`.
    private static func unread(_ bytes: [UInt8], _ problem: TOMLProblem) -> TOMLDocument {
        TOMLDocument(root: TOMLTable(range: SourceRange(start: 0, end: bytes.count)), problems: [problem])
    }
}
