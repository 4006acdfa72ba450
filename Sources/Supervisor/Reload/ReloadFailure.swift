// SPDX-License-Identifier: Apache-2.0

import Configuration
import LinuxSystem
import Records

/// Why a reload left everything as it was.
enum ReloadFailure: Error {
    /// The files are wrong; every mistake, at least one.
    case configuration([ConfigurationProblem], path: String)
    /// There is no thread to read the configuration on.
    case thread(SystemError)
    /// `[daemon] lanes` is another than the one in force.
    case lanes
    /// The log cannot go where it is to go.
    case log(SinkError)
    /// A new listener cannot be had.
    case listener(ListenFailure)
    /// A socket that stays does not take its new settings.
    case option(listener: String, SystemError)

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
        case .listener(let failure): return failure.message
        case .option(let listener, let error): return "listener \(listener): cannot apply socket options: \(error)"
        }
    }
}
