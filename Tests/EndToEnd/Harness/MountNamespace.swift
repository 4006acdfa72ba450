// SPDX-License-Identifier: Apache-2.0

import TestSupport

/// A place where a test can mount what only the daemon sees.
enum MountNamespace {
    /// Whether there is a way: as root, or in a user namespace where the kernel grants one.
    static var isAvailable: Bool { command != nil }

    private static let command: [String]? = {
        let ways = [["unshare", "--mount"], ["unshare", "--map-root-user", "--mount"]]
        return ways.first { way in
            let result = try? run(way[0], way[1...] + ["mount", "-t", "tmpfs", "none", "/run"])
            return result?.succeeded == true
        }
    }()

    /// What comes before a program on the command line, so that it runs in a namespace that a script has prepared.
    static func wrapper(_ script: String) -> [String] {
        (command ?? []) + ["--propagation", "private", "sh", "-c", "\(script) && exec \"$@\"", "sh"]
    }
}
