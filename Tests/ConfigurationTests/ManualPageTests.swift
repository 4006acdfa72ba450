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

    /// The keys of each group of the index, in the order of the page.
    private static func groups() throws -> [[String]] {
        let index = try lines().drop { $0 != ".Sh INDEX OF KEYS" }.dropFirst().prefix { !$0.hasPrefix(".Sh ") }
        return index.split { !$0.hasPrefix(".It Cm ") }.map { rows in
            rows.map { String($0.dropFirst(".It Cm ".count).prefix { $0 != " " }) }
        }
    }

    @Test func `the index of keys has each key once, in the group of its table`() throws {
        let groups = try Self.groups()
        try #require(groups.count == 13)
        let forward = try #require(ServiceDescriptor.schemas.named("forward"))
        let expected: [(keys: [String], groups: [Int])] = [
            (SettingSection.daemon.keys, [0]),
            (SettingSection.log.keys, [1]),
            (ListenerDraft.keys.map(\.name), [2]),
            (SettingSection.defaults.keys, [3]),
            (SettingSection.keepalive.keys, [4]),
            (forward.keys.map(\.name), [5, 7, 10, 11]),
            (SettingSection.upstream.keys, [6]),
            (SettingSection.ejection.keys, [8]),
            (SettingSection.health.keys, [9]),
            (["backlog=", "interface=", "broadcast=", "mode=", "user=", "group=", "id=", "mask="], [12]),
        ]
        for (keys, places) in expected {
            #expect(places.flatMap { groups[$0] }.sorted() == keys.sorted())
        }
        for schema in ServiceDescriptor.schemas where schema.name != "forward" {
            #expect(schema.keys.isEmpty, "the keys of \(schema.name) need a group in the index")
        }
    }

    @Test func `the page describes each key of the index`() throws {
        let body = try Self.lines().drop { $0 != ".Sh INDEX OF KEYS" }.dropFirst().drop { !$0.hasPrefix(".Sh ") }
        let described = Set(
            body.filter { $0.hasPrefix(".It Cm ") }.flatMap { $0.split(separator: " ") }.map(String.init))
        // The keys of the table `keepalive` are described with `keepalive` itself.
        for (number, keys) in try Self.groups().enumerated() where number != 4 {
            for key in keys { #expect(described.contains(key), "\(key)") }
        }
    }
}
