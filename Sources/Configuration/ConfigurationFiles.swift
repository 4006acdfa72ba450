// SPDX-License-Identifier: Apache-2.0

public import LinuxSystem

/// How a configuration gets at its files. Tests give them from a table.
public protocol ConfigurationFiles {
    /// The bytes of a regular file.
    ///
    /// - Throws: why it cannot be read; ``FileReadFailure/tooLarge`` above `limit` bytes, without reading so many.
    func read(_ path: String, limit: Int) throws(FileReadFailure) -> [UInt8]

    /// The names in a directory in any order, as bytes in whatever encoding; none if there is no such directory.
    func names(in directory: String) throws(SystemError) -> [[UInt8]]
}

/// The file system of this host.
///
/// Concurrency: any queue. Each call blocks as long as the disk takes.
public struct SystemFiles: ConfigurationFiles, Sendable {
    /// Makes an access; it keeps nothing.
    public init() {}

    /// Reads a file without ever waiting for one that is no file, such as a pipe.
    public func read(_ path: String, limit: Int) throws(FileReadFailure) -> [UInt8] {
        try RegularFile.read(path, limit: limit)
    }

    /// Reads a directory.
    public func names(in directory: String) throws(SystemError) -> [[UInt8]] {
        try Directory.names(in: directory)
    }
}
