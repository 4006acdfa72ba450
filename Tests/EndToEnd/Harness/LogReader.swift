// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Reads what is appended to a file, by lines.
final class LogReader {
    private let path: String
    private var offset: UInt64 = 0
    private var rest: [UInt8] = []

    /// The whole lines so far.
    private(set) var lines: [String] = []

    /// Those that are records.
    private(set) var records: [LogRecord] = []

    init(_ path: String) {
        self.path = path
    }

    /// Reads what is new.
    func update() {
        guard let file = FileHandle(forReadingAtPath: path) else { return }
        try? file.seek(toOffset: offset)
        guard let data = try? file.readToEnd() else { return }
        offset += UInt64(data.count)
        rest += data
        var parts = rest.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        rest = Array(parts.removeLast())
        for part in parts {
            let line = String(decoding: part, as: UTF8.self)
            lines.append(line)
            if let record = LogRecord(line) { records.append(record) }
        }
    }
}
