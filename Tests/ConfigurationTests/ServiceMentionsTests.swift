// SPDX-License-Identifier: Apache-2.0

import Foundation
import Services
import Testing

/// The files outside of Sources that name each service.
@Suite struct ServiceMentionsTests {
    /// A part of a file in which each service must be named.
    struct Place: Sendable, CustomTestStringConvertible {
        /// The file, from the root of the repository.
        let file: String

        /// The line with which the part begins, or how it begins; nil for the beginning of the file.
        var start: String?

        /// How the line after the part begins; nil for the end of the file.
        var end: String?

        /// Returns how the name of a service is written there.
        var text: @Sendable (String) -> String = { $0 }

        var testDescription: String { start.map { "\(file), after `\($0)`" } ?? file }
    }

    private static let places = [
        Place(file: "packaging/man/usherd.toml.5", start: ".Sh SERVICES", end: ".Sh ", text: { ".It Cm \($0)" }),
        Place(file: "packaging/man/usherd.8", start: "the service of its listener:", end: "It writes a record"),
        Place(file: "README.md", start: "- **Relays**", end: "- **Records**"),
        Place(file: "packaging/debian/control", start: "Description:", end: " ."),
        Place(file: "packaging/usherd.spec", start: "%description", end: "Every connection"),
        Place(file: "Tests/Fuzz/FuzzConfiguration.dict", text: { "\"\\x22\($0)\\x22\"" }),
    ]

    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().appendingPathComponent("../..").standardizedFileURL

    @Test(arguments: places)
    func `each built-in service is named`(place: Place) throws {
        var lines = try String(contentsOf: Self.root.appendingPathComponent(place.file), encoding: .utf8)
            .split(separator: "\n", omittingEmptySubsequences: false)[...]
        if let start = place.start {
            lines = lines.drop { !$0.hasPrefix(start) }
            try #require(!lines.isEmpty, "\(place.file) has no line that begins with `\(start)`")
        }
        if let end = place.end {
            lines = lines.prefix(1) + lines.dropFirst().prefix { !$0.hasPrefix(end) }
        }
        let part = lines.joined(separator: "\n")
        for name in ServiceDescriptor.schemas.map(\.name) {
            let text = place.text(name)
            #expect(
                part.ranges(of: text).contains { Self.isWord($0, in: part) },
                "name the service `\(name)` in \(place.testDescription): `\(text)`")
        }
    }

    /// Whether the characters around a range are not part of the same word.
    private static func isWord(_ range: Range<String.Index>, in text: String) -> Bool {
        let before = text[..<range.lowerBound].last
        let after = text[range.upperBound...].first
        return ![before, after].contains { $0?.isLetter == true || $0 == "-" }
    }
}
