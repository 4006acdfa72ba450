// SPDX-License-Identifier: Apache-2.0

import Configuration
package import ControlProtocol

/// What `usherctl drain` says. Pure.
package enum DrainText {
    /// What has happened; nil if the listener was not drained.
    package static func success(_ result: ControlResults.Drain, of parameters: ControlParameters.Drain) -> String? {
        guard result.outcome == .drained else { return nil }
        let counts =
            result.ended == 0 && result.closed == 0
            ? "it had no connections"
            : "\(Amount.text(result.ended, "connection")) ended"
                + (result.closed > 0 ? ", \(result.closed) were closed" : "")
        return "\(TerminalText.safe(parameters.listener)) is drained and stays paused: \(counts)"
    }

    /// Why the command fails; nil if every connection ended by itself.
    package static func failure(_ result: ControlResults.Drain, of parameters: ControlParameters.Drain)
        -> ControlFailure?
    {
        let listener = TerminalText.safe(parameters.listener)
        let open = Amount.text(result.left, "connection")
        switch result.outcome {
        case .drained where result.closed == 0: return nil
        case .drained:
            return ControlFailure(
                .timedOut,
                "timed out: \(Amount.text(result.closed, "connection")) of \(listener) had not ended by themselves")
        case .resumed:
            return ControlFailure(
                .refused, "an operator has resumed \(listener), which has \(open): drain it again if that was not meant"
            )
        case .removed:
            return ControlFailure(
                .refused, "a reload has removed \(listener): usherd closes its \(open) after drain-timeout")
        }
    }

    /// What holds after Ctrl-C.
    package static func interrupted(_ listener: String, hasTimeout: Bool) -> String {
        let listener = TerminalText.safe(listener)
        return hasTimeout
            ? "usherd continues: it closes the connections of \(listener) that are left after the timeout;"
                + " `usherctl resume \(listener)` stops that"
            : "\(listener) stays paused, and its connections stay open; `usherctl resume \(listener)` accepts"
                + " connections again"
    }
}
