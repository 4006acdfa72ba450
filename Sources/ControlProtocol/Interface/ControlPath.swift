// SPDX-License-Identifier: Apache-2.0

/// Where the control socket is, unless the configuration says something else.
///
/// The daemon listens on the first place that exists for it; a client tries them in the same order.
package enum ControlPath {
    /// The directory of the unit `usherd.service`, and of a daemon that root started.
    package static let systemDirectory = "/run/usherd"

    /// The name of the socket in its directory.
    package static let fileName = "control"

    /// Where the daemon listens; nil if there is no place.
    ///
    /// - Parameters:
    ///   - runtimeDirectories: `RUNTIME_DIRECTORY` of systemd.exec(5), which may be several, separated by colons.
    ///   - userDirectory: `XDG_RUNTIME_DIR`.
    ///   - isRoot: whether the daemon runs as root.
    package static func standard(runtimeDirectories: String?, userDirectory: String?, isRoot: Bool) -> String? {
        if let directory = runtimeDirectories?.split(separator: ":").first, directory.first == "/" {
            return "\(directory)/\(fileName)"
        }
        if isRoot { return "\(systemDirectory)/\(fileName)" }
        guard let userDirectory, userDirectory.first == "/" else { return nil }
        return "\(userDirectory)/usherd/\(fileName)"
    }

    /// Where a client looks, in this order.
    ///
    /// - Parameter instance: the name of an instance `usherd@NAME`; nil for `usherd.service`, or a daemon of the user's own.
    package static func candidates(
        instance: String?, runtimeDirectories: String?, userDirectory: String?, isRoot: Bool
    ) -> [String] {
        if let instance { return ["\(systemDirectory)-\(instance)/\(fileName)"] }
        let own = standard(runtimeDirectories: runtimeDirectories, userDirectory: userDirectory, isRoot: isRoot)
        let system = "\(systemDirectory)/\(fileName)"
        guard let own, own != system else { return [system] }
        return [own, system]
    }

    /// Whether a path is in a directory that the daemon makes if it is missing.
    package static func ownsDirectory(of path: String, userDirectory: String?) -> Bool {
        path == "\(systemDirectory)/\(fileName)" || path == userDirectory.map { "\($0)/usherd/\(fileName)" }
    }
}
