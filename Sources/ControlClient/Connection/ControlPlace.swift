// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import ControlProtocol
import Glibc
import LinuxSystem

/// Where a control socket may be.
package struct ControlPlace: Hashable, Sendable {
    /// The paths, in the order in which they are tried.
    package let paths: [String]

    /// The unit of the daemon, for messages: `usherd`, or `usherd@NAME` for an instance.
    package let unit: String

    /// The configuration that may name another path, if no process listens on ``paths``; nil for none.
    package let configuration: String?

    /// Makes a place from what the command line and the environment say.
    ///
    /// - Parameters:
    ///   - path: `--control`.
    ///   - instance: `--instance`.
    ///   - runtimeDirectories: `RUNTIME_DIRECTORY` of systemd.exec(5).
    ///   - userDirectory: `XDG_RUNTIME_DIR`.
    ///   - isRoot: whether the caller is root.
    ///   - isInUnit: whether the caller is a command of the daemon's unit, such as `ExecReload=`. It must never reach the
    ///     daemon of another unit, so only the directory of its own is searched.
    ///   - configuration: the configuration that may name another path.
    package init(
        path: String?, instance: String?, runtimeDirectories: String? = nil, userDirectory: String? = nil,
        isRoot: Bool = false, isInUnit: Bool = false, configuration: String? = nil
    ) throws(ControlFailure) {
        self.configuration = path == nil ? configuration : nil
        unit = instance.map { "usherd@\(TerminalText.safe($0))" } ?? "usherd"
        if let path {
            guard instance == nil else {
                throw ControlFailure(.usage, "--control and --instance both say where the socket is: leave one out")
            }
            try Self.check(path)
            paths = [path]
            return
        }
        if let instance, instance.isEmpty || instance.contains("/") {
            throw ControlFailure(
                .usage,
                "--instance takes the NAME of usherd@NAME.service; `systemctl list-units 'usherd@*'` lists them")
        }
        var found = ControlPath.candidates(
            instance: instance, runtimeDirectories: runtimeDirectories, userDirectory: userDirectory, isRoot: isRoot)
        if isInUnit, runtimeDirectories != nil { found = Array(found.prefix(1)) }
        let fitting = found.filter { $0.utf8.count <= SocketAddress.longestUnixPath }
        if fitting.isEmpty, let first = found.first { try Self.check(first) }
        paths = fitting
    }

    /// The place that this process means, by its command line and environment.
    package static func ofThisProcess(path: String?, instance: String?) throws(ControlFailure) -> ControlPlace {
        let process = MainProcess.ofEnvironment
        let installed = instance.map { "/etc/usherd/\($0)/usherd.toml" } ?? Configuration.defaultPath
        return try ControlPlace(
            path: path, instance: instance, runtimeDirectories: Environment.value(of: "RUNTIME_DIRECTORY"),
            userDirectory: Environment.value(of: "XDG_RUNTIME_DIR"), isRoot: geteuid() == 0, isInUnit: process != nil,
            configuration: process?.configurationPath ?? installed)
    }

    private static func check(_ path: String) throws(ControlFailure) {
        guard !path.isEmpty else { throw ControlFailure(.usage, "--control takes the path of a Unix socket") }
        let longest = SocketAddress.longestUnixPath
        guard path.utf8.count <= longest else {
            throw ControlFailure(
                .usage,
                "\(TerminalText.safe(path)): the path of a Unix socket has at most \(longest) bytes;"
                    + " a symbolic link to its directory is shorter")
        }
    }
}
