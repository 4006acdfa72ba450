// SPDX-License-Identifier: Apache-2.0

import Configuration
import LinuxSystem
import Reactor
import Records
import Services

extension Supervisor {
    /// Writes a record of the state of every listener, those too that a reload removed and that have connections left.
    func recordListeners() {
        let waiting = waiting
        for settings in configuration.listeners {
            guard let listener = listeners[settings.name] else { continue }
            let reasons = waiting.filter { $0.listener == settings.name }.map(\.what)
            record(listener, state: reasons.isEmpty ? "listening" : "waiting", reasons)
        }
        for one in leaving.values.sorted(by: { $0.listener.current.identifier < $1.listener.current.identifier }) {
            record(one.listener, state: "draining", [])
        }
    }

    private func record(_ listener: ActiveListener, state: String, _ reasons: [String]) {
        let connections = listener.current.connections.value
        var message = "\(listener.settings.name) is \(state)"
        if !reasons.isEmpty { message += " (\(reasons.joined(separator: ", ")))" }
        message += ", with \(StatusLine.count(connections, "connection"))"
        var fields = [
            RecordField("state", .text(state)), RecordField("connections", .integer(UInt64(max(connections, 0)))),
        ]
        if let counts = listener.service.upstreamCounts {
            message += ", \(counts.down) of \(StatusLine.count(counts.all, "upstream")) down"
            fields.append(RecordField("upstreams", .integer(UInt64(counts.all))))
            fields.append(RecordField("upstreams_down", .integer(UInt64(counts.down))))
        }
        writer.write(
            DaemonRecord(
                time: Clock.realtime, .listener, message, listener: listener.current.label, fields: fields))
    }
}
