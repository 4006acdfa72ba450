// SPDX-License-Identifier: Apache-2.0

public import LinuxSystem

/// Reads the files of a configuration. Tests use a table.
public protocol ConfigurationFiles {
    /// The bytes of a regular file.
    ///
    /// - Throws: the error; ``FileReadFailure/tooLarge`` above `limit` bytes, without reading all of them.
    func read(_ path: String, limit: Int) throws(FileReadFailure) -> [UInt8]

    /// The component of a path that prevents reading a file, and what to do; nil if unknown.
    func obstacle(to path: String) -> (text: String, help: String)?

    /// The names in a directory in any order, as bytes of any encoding; empty if there is no such directory.
    func names(in directory: String) throws(SystemError) -> [[UInt8]]
}

extension ConfigurationFiles {
    /// nil: unknown.
    public func obstacle(to path: String) -> (text: String, help: String)? { nil }
}

/// The file system of this host.
///
/// Concurrency: any queue. Each call blocks as long as the disk takes.
public struct SystemFiles: ConfigurationFiles, Sendable {
    /// Makes a value without state.
    public init() {}

    /// Reads a regular file; never blocks on anything else, such as a pipe.
    public func read(_ path: String, limit: Int) throws(FileReadFailure) -> [UInt8] {
        try RegularFile.read(path, limit: limit)
    }

    /// Checks each component of the path as the effective user of the process.
    public func obstacle(to path: String) -> (text: String, help: String)? {
        let facts = SystemPathFacts()
        guard let obstacle = PathObstacle.toReading(path, facts) else { return nil }
        // The error itself says that the file is missing.
        if obstacle == .missing(path) { return nil }
        let user = Account.ofThisProcess.name
        return (obstacle.text(for: user, facts), obstacle.help(for: user))
    }

    /// Reads a directory.
    public func names(in directory: String) throws(SystemError) -> [[UInt8]] {
        try Directory.names(in: directory)
    }
}
