// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Where the corpus is and what is in it.
enum Corpus {
    private static let folder: URL =
        if let path = ProcessInfo.processInfo.environment["USHER_TOML_TEST"] {
            URL(filePath: path)
        } else {
            URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Corpus")
        }

    /// The documents below `part`, "valid" or "invalid", by their path in the corpus.
    static func documents(in part: String) -> [String] {
        let files = FileManager.default.enumerator(atPath: folder.appending(path: part).path)
        let names = files?.compactMap { $0 as? String } ?? []
        return names.filter { $0.hasSuffix(".toml") }.map { "\(part)/\($0)" }.sorted()
    }

    /// The content of the file at `path` in the corpus.
    static func bytes(of path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: folder.appending(path: path)))
    }
}
