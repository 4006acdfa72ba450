// SPDX-License-Identifier: Apache-2.0

import Configuration
import HostAccess
import LinuxSystem
import Records
import Services

/// `usherd --check`: checks a configuration and the host, and starts nothing.
enum ConfigurationCheck {
    /// Prints all mistakes on standard error. If there are none, prints a line for each listener on standard output, and
    /// then the notes on standard error.
    ///
    /// - Returns: the status to exit with.
    static func run(_ arguments: Arguments) -> CInt {
        var request = CheckRequest(services: ServiceDescriptor.schemas)
        request.path = arguments.path
        request.user = arguments.user
        request.isStrict = arguments.isStrict
        request.checksHost = !arguments.skipsHost
        do throws(CheckRequest.Refusal) {
            let outcome = try request.run()
            _ = Daemon.printOut(outcome.output)
            for message in outcome.messages { PrefixedErrorOutput().say(harmless: message) }
            return outcome.status
        } catch {
            PrefixedErrorOutput().say(error.message)
            return ExitStatus.usage
        }
    }

    /// Prints mistakes on standard error.
    static func report(_ problems: [ConfigurationProblem]) {
        PrefixedErrorOutput().say(harmless: ConfigurationProblem.report(problems))
    }
}
