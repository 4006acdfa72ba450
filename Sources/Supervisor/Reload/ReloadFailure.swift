// SPDX-License-Identifier: Apache-2.0

import Configuration
import HostAccess
import LinuxSystem
import Records

/// Why a reload failed. The old configuration stays in force.
enum ReloadFailure: Error {
    /// The files have mistakes: all of them, at least one.
    case configuration([ConfigurationProblem], path: String)
    /// No thread can be created to read the configuration.
    case thread(SystemError)
    /// `[daemon] lanes` differs from the configuration in force.
    case lanes
    /// A log destination cannot be opened.
    case log(SinkError)
    /// What the next configuration opens cannot be opened on this host: at least one obstacle. Of a plan only.
    case host([HostFinding])
    /// A new socket of a listener cannot be opened.
    case listener(ListenFailure)
    /// The kernel refuses a new option of a socket that stays.
    case option(listener: String, SystemError)

    /// How many mistakes ``report`` shows. A reply to a control client has a limit.
    private static let mostMistakes = 50

    /// All that is wrong, for the client that asked for the reload: each mistake as `usherd --check` shows it.
    var report: String {
        if case .host(let findings) = self { return findings.map(\.sentence).joined(separator: "\n") }
        guard case .configuration(let problems, _) = self, !problems.isEmpty else { return message }
        let shown = ConfigurationProblem.report(Array(problems.prefix(Self.mostMistakes)))
        guard problems.count > Self.mostMistakes else { return shown }
        return shown + "\n" + Quantity.text(problems.count - Self.mostMistakes, "more mistake")
    }

    /// A sentence for the record and the status.
    var message: String {
        switch self {
        case .configuration(let problems, let path):
            let first = problems.first?.summary ?? path
            guard problems.count > 1 else { return first }
            let others = Quantity.text(problems.count - 1, "more mistake")
            return "\(first); and \(others): usherd --check --config \(TerminalText.safe(path)) lists them"
        case .thread(let error):
            return "cannot read the configuration: \(error); raise TasksMax= or LimitNPROC= of the unit"
        case .lanes:
            return "a reload cannot change the number of lanes: restart usherd to change lanes"
        case .log(let error): return TerminalText.safe(error.description)
        case .host(let findings): return findings.first?.sentence ?? ""
        case .listener(let failure): return failure.message
        case .option(let listener, let error): return "listener \(listener): cannot apply socket options: \(error)"
        }
    }
}
