// SPDX-License-Identifier: Apache-2.0

import Foundation
import Services
import Testing

@testable import Configuration

/// The index of keys in usherd.toml(5), compared with the keys that the reader accepts.
@Suite struct ManualPageTests {
    private static let page = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().appendingPathComponent("../../packaging/man/usherd.toml.5").standardizedFileURL

    private static func lines() throws -> [Substring] {
        try String(contentsOf: page, encoding: .utf8).split(separator: "\n")
    }

    /// A group of the index: the line above it without its macros, `In [listener.NAME] with service = "forward"`, and its keys.
    private struct Group {
        var heading = ""
        var keys: [String] = []
    }

    /// The groups of the index, in the order of the page.
    private static func groups() throws -> [Group] {
        let index = try lines().drop { $0 != ".Sh INDEX OF KEYS" }.dropFirst().prefix { !$0.hasPrefix(".Sh ") }
        return index.split { $0 == ".El" }.map { rows in
            // The sentence that opens a group begins with one of these words, and `see` follows the table.
            let heading = rows.drop { $0 != "In" && !$0.hasPrefix("In ") && !$0.hasPrefix("Options ") }
            let words = heading.prefix { $0 != "see" && !$0.hasPrefix(".Bl ") }.map { line in
                (line.hasPrefix(".Cm ") ? line.dropFirst(".Cm ".count) : line)
                    .replacing(" Ns Ar ", with: "").replacing(" Ns Cm \\&", with: "").replacing("\\(dq", with: "\"")
                    .replacing(" ,", with: "")
            }
            let keys = rows.filter { $0.hasPrefix(".It Cm ") }.map { row in
                String(row.dropFirst(".It Cm ".count).prefix { $0 != " " })
            }
            return Group(heading: words.joined(separator: " "), keys: keys)
        }
    }

    /// The keys of each table, by the line above the groups of the table.
    private static var expected: [String: [String]] {
        var expected = [
            "In [daemon]": SettingSection.daemon.keys,
            "In [log]": SettingSection.log.keys,
            "In [listener.NAME]": ListenerDraft.keys.map(\.name),
            "In [defaults] and [listener.NAME]": SettingSection.defaults.keys,
            "In the table keepalive": SettingSection.keepalive.keys,
            "In a table of to": SettingSection.upstream.keys,
            "In the table eject": SettingSection.ejection.keys,
            "In the table health": SettingSection.health.keys,
            "Options of an address, after its .Ql \\&?": [
                "backlog=", "interface=", "broadcast=", "mode=", "user=", "group=", "id=", "mask=",
            ],
        ]
        for schema in ServiceDescriptor.schemas where !schema.keys.isEmpty {
            expected["In [listener.NAME] with service = \"\(schema.name)\""] = schema.keys.map(\.name)
        }
        return expected
    }

    @Test func `the index of keys has each key once, in the groups of its table`() throws {
        let found = Dictionary(grouping: try Self.groups(), by: \.heading).mapValues { $0.flatMap(\.keys) }
        for (heading, keys) in Self.expected {
            #expect(
                found[heading]?.sorted() == keys.sorted(),
                "INDEX OF KEYS of packaging/man/usherd.toml.5: the groups `\(heading)` must have exactly these keys")
        }
        for heading in found.keys {
            #expect(
                Self.expected[heading] != nil, "INDEX OF KEYS of packaging/man/usherd.toml.5: no table for `\(heading)`"
            )
        }
    }

    @Test func `the page describes each key of the index`() throws {
        let body = try Self.lines().drop { $0 != ".Sh INDEX OF KEYS" }.dropFirst().drop { !$0.hasPrefix(".Sh ") }
        let described = Set(
            body.filter { $0.hasPrefix(".It Cm ") }.flatMap { $0.split(separator: " ") }.map(String.init))
        // The keys of the table `keepalive` are described with `keepalive` itself.
        for group in try Self.groups() where group.heading != "In the table keepalive" {
            for key in group.keys {
                #expect(described.contains(key), "packaging/man/usherd.toml.5 has no entry `.It Cm \(key)`")
            }
        }
    }
}
