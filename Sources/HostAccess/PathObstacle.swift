// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// The view of a host's file system that a configuration and its check need. Tests answer from a table.
protocol PathFacts {
    /// The status of the file at a path.
    func status(of path: String) throws(SystemError) -> FileStatus

    /// The name of a user or a group, for messages.
    func userName(_ number: UInt32) -> String
    func groupName(_ number: UInt32) -> String
}

/// The first component of a path that prevents access to a file. Pure: it queries ``PathFacts`` for each component.
enum PathObstacle: Equatable, Sendable {
    /// Nothing exists at this path.
    case missing(String)
    /// A component is not a directory.
    case notADirectory(String, FileStatus)
    /// The user may not search this directory.
    case notSearchable(String, FileStatus)
    /// The user may not read, or write to, this file or directory.
    case notReadable(String, FileStatus)
    case notWritable(String, FileStatus)
    /// Another error.
    case failed(String, SystemError)

    /// Checks each component of the path of a directory; nil if the user can reach it.
    static func toReaching(_ path: String, _ facts: some PathFacts) -> PathObstacle? {
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

    /// Why a file cannot be read; nil if it can.
    static func toReading(_ path: String, _ facts: some PathFacts) -> PathObstacle? {
        if let obstacle = toReaching(parent(of: path), facts) { return obstacle }
        do throws(SystemError) {
            let status = try facts.status(of: path)
            return status.mayRead ? nil : .notReadable(path, status)
        } catch {
            return obstacle(path, error)
        }
    }

    /// Why no file can be created in a directory; nil if one can.
    static func toCreating(in directory: String, _ facts: some PathFacts) -> PathObstacle? {
        if let obstacle = toReaching(directory, facts) { return obstacle }
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

    /// The directory that contains a file.
    static func parent(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The ancestors of a path and the path itself: `/`, `/etc` and `/etc/usherd` of `/etc/usherd`.
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

    /// The obstacle for a user, as a clause.
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

    /// How to remove the obstacle.
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

    /// Whether no service may own a directory: it is at the top, or contains the directories of many services.
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
