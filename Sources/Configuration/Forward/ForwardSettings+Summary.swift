// SPDX-License-Identifier: Apache-2.0

import Addresses
import ProxyProtocol
import Relaying

extension ForwardSettings {
    /// The upstreams, and the settings that differ from the default:
    ///
    /// ```
    /// to tcp://10.0.0.5:443 (weight 3), tcp://10.0.0.6:443 (backup), balance round-robin, health 2s
    /// ```
    public var summary: [String] {
        let shown = 3
        var names = upstreams.prefix(shown).map(\.summary)
        // "and 1 more" would be as long as the upstream itself.
        if upstreams.count == shown + 1 { names.append(upstreams[shown].summary) }
        var parts = ["to " + names.joined(separator: ", ")]
        if upstreams.count > names.count { parts[0] += " and \(upstreams.count - names.count) more" }
        if let framing { parts.append("framing \(framing.rawValue)") }
        if balance != .leastConnections { parts.append("balance \(balance.rawValue)") }
        if let source { parts.append("source \(Self.host(of: source))") }
        if let sendProxy { parts.append("send-proxy \(sendProxy == .v1 ? "v1" : "v2")") }
        if let health { parts.append("health \(DurationText.format(health.interval))") }
        if let eject {
            if eject.failures != EjectionSettings().failures { parts.append("eject \(eject.failures)") }
        } else {
            parts.append("eject false")
        }
        if takesBusAsOne { parts.append("flow bus") }
        if onDown != .keep { parts.append("on-down \(onDown.rawValue)") }
        if let halfCloseTimeout { parts.append("half-close-timeout \(DurationText.format(halfCloseTimeout))") }
        if let progressInterval { parts.append("progress-interval \(DurationText.format(progressInterval))") }
        return parts
    }

    /// An IP address as in `source`, without a port.
    static func host(of address: SocketAddress) -> String {
        let text = address.description
        return text.hasSuffix(":0") ? String(text.dropLast(2)) : text
    }
}

extension UpstreamSettings {
    fileprivate var summary: String {
        var notes: [String] = []
        if weight != 1 { notes.append("weight \(weight)") }
        if let maxConnections { notes.append("max \(maxConnections)") }
        if isBackup { notes.append("backup") }
        let address = TerminalText.safe(endpoint.description)
        return notes.isEmpty ? address : "\(address) (\(notes.joined(separator: ", ")))"
    }
}
