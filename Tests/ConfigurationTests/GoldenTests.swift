// SPDX-License-Identifier: Apache-2.0

import Configuration
import Foundation
import TestSupport
import Testing

/// What is said of wrong files, to the letter: each `Golden/NAME.toml` has its `Golden/NAME.stderr`.
///
/// A line `#=== PATH` begins another file of the same configuration. After an intended change, record the messages again
/// with ``command`` and read the difference.
@Suite struct GoldenTests {
    private static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Golden")

    /// Records the messages again, in built tests.
    private static let command = #"RECORD_GOLDEN=1 scripts/test-suites '^ConfigurationTests\.GoldenTests'"#

    private static let names =
        (try? FileManager.default.contentsOfDirectory(atPath: directory.path))?
        .filter { $0.hasSuffix(".toml") }.map { String($0.dropLast(".toml".count)) }.sorted() ?? []

    @Test func thereAreFiles() {
        #expect(Self.names.count > 30)
    }

    @Test(arguments: names)
    func saysExactlyThis(name: String) throws {
        let input = try Data(contentsOf: Self.directory.appendingPathComponent("\(name).toml"))
        let (configuration, problems) = Configuration.parse(files: Self.split(Array(input)), host: TestHost())
        #expect(configuration == nil)
        #expect(!problems.isEmpty)
        let said = problems.map { "\($0)\n" }.joined(separator: "\n")
        let golden = Self.directory.appendingPathComponent("\(name).stderr")
        if ProcessInfo.processInfo.environment["RECORD_GOLDEN"] != nil {
            try Data(said.utf8).write(to: golden)
        }
        let recorded = try String(decoding: Data(contentsOf: golden), as: UTF8.self)
        if recorded != said { Issue.record("\(Self.difference(name, recorded: recorded, said: said))") }
    }

    /// Describes the first line that differs, and how to record all messages again.
    private static func difference(_ name: String, recorded: String, said: String) -> String {
        let before = recorded.split(separator: "\n", omittingEmptySubsequences: false)
        let after = said.split(separator: "\n", omittingEmptySubsequences: false)
        let line = zip(before, after).prefix { $0 == $1 }.count
        func text(_ lines: [Substring]) -> String { lines.indices.contains(line) ? "`\(lines[line])`" : "the end" }
        return """
            Golden/\(name).stderr:\(line + 1): recorded \(text(before)), now \(text(after)). If the change is intended, run \
            \(command) and read the difference.
            """
    }

    /// The files in one: the first is the main one.
    private static func split(_ bytes: [UInt8]) -> [(path: String, bytes: [UInt8])] {
        var files: [(path: String, bytes: [UInt8])] = [("usherd.toml", [])]
        let marker = Array("#=== ".utf8)
        var rest = bytes[...]
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? rest.endIndex
            let line = rest[..<end]
            rest = rest[end...]
            if line.starts(with: marker) {
                let path = String(decoding: line.dropFirst(marker.count), as: UTF8.self)
                files.append((path.trimmingCharacters(in: .newlines), []))
            } else {
                files[files.count - 1].bytes += line
            }
        }
        return files
    }
}
