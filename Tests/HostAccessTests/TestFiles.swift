// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

@testable import HostAccess

/// A file system in memory. A path that is missing is one that does not exist.
struct TestFiles: ConfigurationFiles {
    var files: [String: Result<[UInt8], FileReadFailure>] = [:]
    var directories: [String: Result<[String], SystemError>] = [:]
    /// Names that no String has, in every directory.
    var oddNames: [[UInt8]] = []

    func read(_ path: String, limit: Int) throws(FileReadFailure) -> [UInt8] {
        guard let file = files[path] else { throw .system(SystemError("open", errno: 2)) }
        return try file.get()
    }

    func names(in directory: String) throws(SystemError) -> [[UInt8]] {
        try (directories[directory]?.get() ?? []).map { Array($0.utf8) } + oddNames
    }
}
