// SPDX-License-Identifier: Apache-2.0

import Configuration
import Records

/// `usherd --check` and `usherctl check`: looks at a configuration and binds nothing.
public enum ConfigurationCheck {
    /// Prints every mistake on standard error, or a line for each listener on standard output.
    ///
    /// - Returns: the status to exit with: 0, or 78 (`EX_CONFIG`).
    public static func run(path: String) -> CInt {
        let (configuration, problems) = Configuration.load(path: path, host: SystemHostLookup())
        guard let configuration else {
            report(problems)
            return ExitStatus.configuration
        }
        return Daemon.printOut(configuration.summary)
    }

    /// Prints mistakes on standard error, an empty line between two.
    static func report(_ problems: [ConfigurationProblem]) {
        let count = problems.count == 1 ? "1 mistake" : "\(problems.count) mistakes"
        PrefixedErrorOutput().say(
            "the configuration has \(count)\n\n" + problems.map(\.description).joined(separator: "\n\n"))
    }
}
