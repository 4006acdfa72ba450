// SPDX-License-Identifier: Apache-2.0

import Configuration
import LinuxSystem
import Reactor
import Records
import Services

extension Supervisor {
    /// Writes a record of the state of every listener, including removed ones that still have connections.
    func recordListeners() {
        let waiting = waiting
        for settings in configuration.listeners {
            guard let listener = listeners[settings.name] else { continue }
            let reasons = waiting.filter { $0.listener == settings.name }.map(\.what)
            record(listener, state: reasons.isEmpty ? "listening" : "waiting", reasons)
        }
        let removed = removedListeners.values.map(\.listener)
        for listener in removed.sorted(by: { $0.current.identifier < $1.current.identifier }) {
            record(listener, state: "draining", [])
        }
    }

    private func record(_ listener: ActiveListener, state: String, _ reasons: [String]) {
        writer.write(
            .listenerState(
                state, awaited: reasons, connections: listener.current.connections.value,
                upstreams: listener.service.upstreamCounts.map { ($0.all, $0.down) }, listener: listener.current.label))
    }
}
