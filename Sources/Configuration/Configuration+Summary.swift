// SPDX-License-Identifier: Apache-2.0

import Addresses
import Policy

extension Configuration {
    /// One line for each listener, in aligned columns, each with a newline, as `usherd --check` prints it:
    ///
    /// ```
    /// echo     tcp://127.0.0.1:7007    echo    idle-timeout 10m, max-connections 2000
    /// ```
    public var summary: String {
        let rows = listeners.map { listener in
            [
                listener.name,
                TerminalText.safe(listener.listen.map(\.endpoint.description).joined(separator: ", ")),
                listener.service.name, listener.limits,
            ]
        }
        let widths = (0..<3).map { column in rows.map { TerminalText.width(of: $0[column]) }.max() ?? 0 }
        return rows.map { row in
            var line = ""
            for (cell, width) in zip(row, widths) {
                line += cell + String(repeating: " ", count: width - TerminalText.width(of: cell) + 2)
            }
            line += row[3]
            while line.last == " " { line.removeLast() }
            return line + "\n"
        }.joined()
    }
}

extension ListenerSettings {
    /// The settings that differ from the default, as in the file.
    fileprivate var limits: String {
        (service.values.summary + idleTimeouts + plan.summary).joined(separator: ", ")
    }

    /// The idle timeouts: one for streams, one for flows, which has a default.
    ///
    /// A socket that systemd passes counts as a stream here: its kind is known only at the start.
    private var idleTimeouts: [String] {
        func part(_ timeout: UInt64?, _ whose: String = "") -> [String] {
            timeout.map { ["idle-timeout \(DurationText.format(nanoseconds: $0))\(whose)"] } ?? []
        }
        let kinds = listen.map { $0.endpoint.scheme.kind }
        guard kinds.contains(where: { $0?.isDatagram == true }) else { return part(plan.idleTimeout) }
        let hasFlowsAlone = kinds.allSatisfy { $0?.isDatagram == true }
        if hasFlowsAlone || plan.idleTimeout == plan.flowIdleTimeout { return part(plan.flowIdleTimeout) }
        return part(plan.idleTimeout) + part(plan.flowIdleTimeout, " for flows")
    }
}

extension ListenerPlan {
    /// The settings that differ from the default, without the idle timeouts, as in the file.
    fileprivate var summary: [String] {
        var parts: [String] = []
        if let lifetime { parts.append("lifetime \(DurationText.format(nanoseconds: lifetime))") }
        if let maxConnections { parts.append("max-connections \(maxConnections)") }
        if let keepalive = timers.keepAlive {
            parts.append(keepalive.idle.map { "keepalive \(DurationText.format(.seconds($0)))" } ?? "keepalive")
        }
        if let timeout = timers.userTimeout {
            parts.append("user-timeout \(DurationText.format(.milliseconds(timeout)))")
        }
        if !proxyTrust.sources.isEmpty {
            parts.append("accept-proxy \(proxyTrust.sources.map(\.description).joined(separator: " "))")
        }
        if log != .all { parts.append("log \(log.text)") }
        return parts
    }
}
