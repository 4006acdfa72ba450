// SPDX-License-Identifier: Apache-2.0

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
        let words = [timeout.map { " timeout \($0) us" }, over.map { " over \($0) us" }].compactMap(\.self)
        try expectOperator(for: "drain \(parameters.listener)\(words.joined(separator: ","))")
        awaitsDrain = true
        ask(
            .drain(
                listener: parameters.listener, timeout: timeout.map(Self.nanoseconds),
                spread: Self.nanoseconds(over ?? 0)))
    }

    private static func nanoseconds(_ microseconds: UInt64) -> UInt64 {
        let (product, overflow) = microseconds.multipliedReportingOverflow(by: 1000)
        return overflow ? .max : product
    }
}
