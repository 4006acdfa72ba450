// SPDX-License-Identifier: Apache-2.0

public import LinuxSystem

/// How a configuration gets at its files. Tests give them from a table.
public protocol ConfigurationFiles {
    /// The bytes of a regular file.
    ///
    /// - Throws: why it cannot be read; ``FileReadFailure/tooLarge`` above `limit` bytes, without reading so many.
    func read(_ path: String, limit: Int) throws(FileReadFailure) -> [UInt8]

    /// Which component of a path keeps the user from reading a file, and what to do about it; nil where nobody can tell.
    func obstacle(to path: String) -> (text: String, help: String)?

    /// The names in a directory in any order, as bytes in whatever encoding; none if there is no such directory.
    func names(in directory: String) throws(SystemError) -> [[UInt8]]
}

extension ConfigurationFiles {
    /// Nothing is known.
    public func obstacle(to path: String) -> (text: String, help: String)? { nil }
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

    /// Walks along the path as the effective user of the process.
    public func obstacle(to path: String) -> (text: String, help: String)? {
        let facts = SystemPathFacts()
        guard let obstacle = PathObstacle.toReading(path, facts) else { return nil }
        // That a file is missing says the error itself.
        if obstacle == .missing(path) { return nil }
        let user = Account.ofThisProcess.name
        return (obstacle.text(for: user, facts), obstacle.help(for: user))
    }

    /// Reads a directory.
    public func names(in directory: String) throws(SystemError) -> [[UInt8]] {
        try Directory.names(in: directory)
    }
}
