// SPDX-License-Identifier: Apache-2.0

import Configuration
import ControlProtocol
import Reactor

/// The method that drains a listener.
extension ControlWorker {
    /// `Drain`.
    func drain(_ call: VarlinkCall) throws(VarlinkError) {
        let parameters: ControlParameters.Drain = try call.parameters()
        let (timeout, over) = (parameters.timeoutMicroseconds, parameters.overMicroseconds)
        // Without a timeout nothing is closed.
        if over != nil, timeout == nil { throw .invalidParameter("over_us") }
        let words = [timeout.map { " timeout \(Self.text($0))" }, over.map { " over \(Self.text($0))" }].compactMap(
            \.self)
        try expectOperator(for: "drain \(parameters.listener)\(words.joined(separator: ","))")
        awaitsDrain = true
        ask(
            .drain(
                listener: parameters.listener, timeout: timeout.map(Self.nanoseconds),
                spread: Self.nanoseconds(over ?? 0)))
    }

    private static func text(_ microseconds: UInt64) -> String {
        DurationText.format(nanoseconds: nanoseconds(microseconds))
    }

    private static func nanoseconds(_ microseconds: UInt64) -> UInt64 {
        let (product, overflow) = microseconds.multipliedReportingOverflow(by: 1000)
        return overflow ? .max : product
    }
}
