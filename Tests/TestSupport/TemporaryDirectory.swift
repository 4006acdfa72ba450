// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A directory of one test's own, gone with the last reference to it. Its path is short enough for Unix sockets in it.
public final class TemporaryDirectory: Sendable {
    /// The absolute path, without a slash at the end.
    public let path: String

    /// Makes a directory that only its owner can enter.
    public init() throws {
        var template = Array("/tmp/usher-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw POSIXFailure("mkdtemp") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The path of a name in it.
    public func appending(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file in place of what there was, so that a reader sees the old text or the new one.
    @discardableResult public func write(_ text: String, to name: String) throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: appending(name)), options: .atomic)
        return appending(name)
    }

    /// Makes a directory in it.
    @discardableResult public func makeDirectory(_ name: String) throws -> String {
        try FileManager.default.createDirectory(atPath: appending(name), withIntermediateDirectories: true)
        return appending(name)
    }

    /// The text of a file in it; empty if there is none.
    public func read(_ name: String) -> String {
        guard let data = FileManager.default.contents(atPath: appending(name)) else { return "" }
        return String(decoding: data, as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
