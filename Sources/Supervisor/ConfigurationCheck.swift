// SPDX-License-Identifier: Apache-2.0

import Configuration
import LinuxSystem
import Records

/// `usherd --check`: looks at a configuration and binds nothing.
enum ConfigurationCheck {
    /// Prints every mistake on standard error; or a line for each listener on standard output, and then the notes on
    /// standard error.
    ///
    /// - Returns: the status to exit with.
    static func run(path: String) -> CInt {
        let (configuration, problems) = Configuration.load(path: path, host: SystemHostLookup())
        guard let configuration else {
            report(problems)
            return ExitStatus.configuration
        }
        let status = Daemon.printOut(configuration.summary)
        if !configuration.notes.isEmpty {
            PrefixedErrorOutput().say(harmless: ConfigurationProblem.report(notes: configuration.notes))
        }
        return status
    }

    /// Prints mistakes on standard error.
    static func report(_ problems: [ConfigurationProblem]) {
        PrefixedErrorOutput().say(harmless: ConfigurationProblem.report(problems))
    }
}
