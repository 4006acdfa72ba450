// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// How a configuration and its check look at the file system of the host. Tests answer from a table.
protocol PathFacts {
    /// What lies at a path.
    func status(of path: String) throws(SystemError) -> FileStatus

    /// The name of a user or a group, for messages.
    func userName(_ number: UInt32) -> String
    func groupName(_ number: UInt32) -> String
}

/// The first thing on the way to a file that keeps a user from it. Pure: it asks ``PathFacts`` for each component.
enum PathObstacle: Equatable, Sendable {
    /// There is nothing at this path.
    case missing(String)
    /// This is no directory, and something below it is wanted.
    case notADirectory(String, FileStatus)
    /// The user may not pass through this directory.
    case notSearchable(String, FileStatus)
    /// The user may not read, or write to, this file or directory.
    case notReadable(String, FileStatus)
    case notWritable(String, FileStatus)
    /// Something else.
    case failed(String, SystemError)

    /// Walks to the directory that `path` is, component by component.
    static func onTheWay(to path: String, _ facts: some PathFacts) -> PathObstacle? {
        for directory in Self.components(of: path) {
            do throws(SystemError) {
                let status = try facts.status(of: directory)
                guard status.kind == .directory else { return .notADirectory(directory, status) }
                guard status.mayExecute else { return .notSearchable(directory, status) }
            } catch {
                return obstacle(directory, error)
            }
        }
        return nil
    }

    /// Why a file cannot be read.
    static func toReading(_ path: String, _ facts: some PathFacts) -> PathObstacle? {
        if let obstacle = onTheWay(to: parent(of: path), facts) { return obstacle }
        do throws(SystemError) {
            let status = try facts.status(of: path)
            return status.mayRead ? nil : .notReadable(path, status)
        } catch {
            return obstacle(path, error)
        }
    }

    /// Why no file can be made in a directory.
    static func toMaking(in directory: String, _ facts: some PathFacts) -> PathObstacle? {
        if let obstacle = onTheWay(to: directory, facts) { return obstacle }
        do throws(SystemError) {
            let status = try facts.status(of: directory)
            return status.mayWrite ? nil : .notWritable(directory, status)
        } catch {
            return obstacle(directory, error)
        }
    }

    private static func obstacle(_ path: String, _ error: SystemError) -> PathObstacle {
        error.symbol == "ENOENT" ? .missing(path) : .failed(path, error)
    }

    /// The directory that a file is in.
    static func parent(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// `/`, `/etc` and `/etc/usherd` of `/etc/usherd`.
    private static func components(of path: String) -> [String] {
        let isAbsolute = path.utf8.first == UInt8(ascii: "/")
        var all = [isAbsolute ? "/" : "."]
        var walked = isAbsolute ? "" : "."
        for part in path.split(separator: "/") where part != "." {
            walked += "/\(part)"
            all.append(walked)
        }
        return all
    }

    /// What is in the way of a user, as a clause.
    func text(for user: String, _ facts: some PathFacts) -> String {
        switch self {
        case .missing(let path): "\(path) does not exist"
        case .notADirectory(let path, let status): "\(path) is \(status.kind.rawValue), not a directory"
        case .notSearchable(let path, let status):
            "the user \(user) lacks the permission to search \(path) (\(Self.text(status, facts)))"
        case .notReadable(let path, let status):
            "the user \(user) lacks the permission to read \(path) (\(Self.text(status, facts)))"
        case .notWritable(let path, let status):
            "the user \(user) lacks the permission to write to \(path) (\(Self.text(status, facts)))"
        case .failed(let path, let error): "\(path): \(error)"
        }
    }

    /// What to do about it.
    func help(for user: String) -> String {
        switch self {
        case .missing(let path): "create it: mkdir -p \(path)"
        case .notADirectory(let path, _): "move \(path) away, or write another path"
        case .notSearchable(let path, _):
            "chmod o+x \(path) lets everybody pass through, chgrp and g+x a group of \(user)"
        case .notReadable(let path, _): "chmod o+r \(path) lets everybody read it, chgrp and g+r a group of \(user)"
        case .notWritable(let path, _) where Self.isShared(path):
            "\(path) belongs to the whole host: write a path below a directory of \(user)'s own, such as those that"
                + " RuntimeDirectory=, LogsDirectory= and StateDirectory= of the unit make in /run, /var/log and /var/lib"
        case .notWritable(let path, _): "chown \(user) \(path), or chgrp and g+w for a group of \(user)"
        case .failed: "see what is there as the user \(user): sudo -u \(user) ls -l"
        }
    }

    /// Whether a directory is one that no service may own: it is at the top, or the host's place for others' directories.
    private static func isShared(_ path: String) -> Bool {
        let parts = path.split(separator: "/")
        return parts.count < 2
            || ["/var/log", "/var/lib", "/var/run", "/var/cache", "/var/tmp", "/usr/local"].contains(path)
    }

    /// `drwxr-x--- root adm`, as ls(1) shows it.
    private static func text(_ status: FileStatus, _ facts: some PathFacts) -> String {
        "\(status.modeText) \(facts.userName(status.owner)) \(facts.groupName(status.group))"
    }
}
