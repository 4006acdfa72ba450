// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import ControlProtocol
import LinuxSystem
import Policy
import Reactor
import Records
import Services

extension Supervisor {
    /// What each listener, or one of them, would do with a connection from an address.
    ///
    /// - Parameter client: in its canonical form, with port 0.
    func explain(_ client: SocketAddress, to name: String?) -> ControlRequest.Outcome {
        let waiting = waiting
        var verdicts: [Verdict] = []
        for settings in configuration.listeners where name == nil || settings.name == name {
            guard let listener = listeners[settings.name] else { continue }
            let lacks = waiting.filter { $0.listener == settings.name }.map(\.what)
            verdicts.append(verdict(on: client, of: listener, waitsFor: lacks))
        }
        if let name, verdicts.isEmpty { return .failed(.noSuchListener(name)) }
        return .explanation(
            ControlResults.Explain(
                connections: shared.connections.value, limit: shared.connectionLimit, verdicts: verdicts))
    }

    private func verdict(on client: SocketAddress, of listener: ActiveListener, waitsFor lacks: [String]) -> Verdict {
        let current = listener.current
        let reachable = listener.sockets.filter { $0.reach(from: client) == .reachable }
        let isFlow = !reachable.isEmpty && reachable.allSatisfy(\.socket.kind.isDatagram)
        var verdict = Verdict(listener: current.label.name, service: current.label.service, outcome: .accepted)
        verdict.addresses = reachable.map { RecordedAddress($0.socket.kind, $0.socket.address).description }
        verdict.connections = current.connections.value
        verdict.limit = current.plan.maxConnections
        verdict.proxyHeader = !isFlow && current.plan.proxyTrust.needsHeader(from: client)
        verdict.upstreams = listener.service.upstreamStatus
        let limits = AdmissionLimits(
            daemon: shared.connections.value, of: shared.connectionLimit, listener: verdict.connections,
            of: verdict.limit)
        let preview = listener.service.preview(for: client, isFlow: isFlow)
        if let preview { verdict.add(preview) }
        // Last, what the client meets first.
        if let refusal = limits.refusal { verdict.refuse(refusal) }
        if current.state.isPaused {
            if isFlow {
                verdict.refuse(.paused)
            } else {
                verdict.wait("an operator has paused or is draining it: it waits in the backlog")
            }
        }
        if shutdown != .serving { verdict.refuse(because: "usherd is stopping") }
        if reachable.isEmpty {
            let reach = listener.sockets.map { $0.reach(from: client) }
            verdict.miss(
                lacks.isEmpty
                    ? ClientReach.reason(reach, from: client) : "it waits for: \(lacks.joined(separator: ", "))")
        }
        return verdict
    }
}

extension Verdict {
    fileprivate mutating func add(_ preview: UpstreamPreview) {
        balance = preview.balance
        switch preview.choice {
        case .upstream(let address):
            // The client that the header names is not known yet.
            upstream = proxyHeader && preview.dependsOnClient ? nil : address
        case .waits(let count):
            let others = count == 0 ? "" : ", behind \(Quantity.text(count, "other"))"
            wait("every upstream has its max-connections: it waits for one\(others)")
        case .refused(let refusal): refuse(refusal)
        }
    }

    fileprivate mutating func refuse(_ refusal: Refusal) {
        refuse(because: refusal.reason)
        self.refusal = refusal.kind.name
    }

    fileprivate mutating func refuse(because reason: String) {
        (outcome, refusal, self.reason, upstream) = (.refused, nil, reason, nil)
    }

    fileprivate mutating func wait(_ reason: String) {
        (outcome, refusal, self.reason) = (.waits, nil, reason)
    }

    fileprivate mutating func miss(_ reason: String) {
        refuse(because: reason)
        outcome = .unreachable
    }
}
