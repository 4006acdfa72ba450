// SPDX-License-Identifier: Apache-2.0

/// Why ``RegularFile`` did not read a file.
public enum FileReadFailure: Error, Equatable, Sendable {
    /// A system call failed.
    case system(SystemError)
    /// The path is something else, such as `"a directory"`.
    case notAFile(kind: String)
    /// The file has more bytes than this limit.
    case tooLarge(limit: Int)
}
