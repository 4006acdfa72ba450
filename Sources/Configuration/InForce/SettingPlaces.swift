// SPDX-License-Identifier: Apache-2.0

import TOML

/// A line of a file of the configuration.
public struct SettingLine: Hashable, Sendable {
    /// The path of the file as it was opened.
    public let file: String

    /// The line, from 1.
    public let line: Int

    /// Makes a line.
    public init(file: String, line: Int) {
        self.file = file
        self.line = line
    }
}

/// The lines in which the keys of a table are written.
///
/// A key is named by its path in the table: `to`, `to.0` for the first item of an array, `to.0.weight`, `health.interval`.
///
/// All are equal, as ``SettingOrigin`` explains.
public struct SettingPlaces: Sendable {
    private struct Entry: Sendable {
        let path: String
        let file: UInt32
        let line: UInt32
    }

    /// The tables of a valid configuration are no deeper than `to.0.keepalive.idle`.
    private static let depth = 4

    private var entries: [Entry] = []
    private var files: [String] = []

    /// Makes the places of an empty table.
    public init() {}

    /// The places of a listener's table.
    init(_ table: TOMLTable, in file: SourceFile) {
        add(table, in: file, below: "", depth: Self.depth)
    }

    /// Adds a key.
    mutating func add(_ path: String, at span: SourceSpan) {
        add(path, span.range, in: span.file)
    }

    private mutating func add(_ path: String, _ range: SourceRange, in file: SourceFile) {
        if files.last != file.path { files.append(file.path) }
        entries.append(
            Entry(
                path: path, file: UInt32(clamping: files.count - 1),
                line: UInt32(clamping: file.place(of: range.start).line)))
    }

    private mutating func add(_ table: TOMLTable, in file: SourceFile, below prefix: String, depth: Int) {
        for entry in table.entries {
            add(prefix + entry.key, entry.keyRange, in: file)
            addParts(of: entry.value, in: file, below: "\(prefix)\(entry.key).", depth: depth - 1)
        }
    }

    private mutating func addParts(of value: TOMLValue, in file: SourceFile, below prefix: String, depth: Int) {
        guard depth > 0 else { return }
        switch value.content {
        case .table(let table):
            add(table, in: file, below: prefix, depth: depth)
        case .array(let items):
            for (index, item) in items.enumerated() {
                add("\(prefix)\(index)", item.range, in: file)
                addParts(of: item, in: file, below: "\(prefix)\(index).", depth: depth - 1)
            }
        default: break
        }
    }

    /// The line of each key.
    var lines: [String: SettingLine] {
        Dictionary(
            entries.map { ($0.path, SettingLine(file: files[Int($0.file)], line: Int($0.line))) },
            uniquingKeysWith: { first, _ in first })
    }
}

extension SettingPlaces: Hashable {
    /// Always true: a listener that only moved down by a line has not changed.
    public static func == (left: Self, right: Self) -> Bool { true }

    /// Hashes nothing, since all are equal.
    public func hash(into hasher: inout Hasher) {}
}
