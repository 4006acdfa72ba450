// SPDX-License-Identifier: Apache-2.0

import ControlProtocol
import Reactor
import Services
import Synchronization

/// Upstreams that operators steer.
extension Supervisor {
    /// Sets the state or the weight of an upstream.
    func setUpstream(
        _ upstream: String, of name: String, _ state: WantedUpstreamState?, _ weight: Int?, for request: ControlRequest
    ) {
        guard let service = steeredService(name, for: request) else { return }
        guard service.setUpstream(upstream, state: state, weight: weight) else {
            return request.finish(.failed(.noSuchUpstream(upstream, of: name)))
        }
        statusChanged()
        whenLanesFollow { request.finish(.done) }
    }

    /// Takes back what was set for an upstream, or for all of a listener.
    func resetUpstreams(_ upstream: String?, of name: String, for request: ControlRequest) {
        guard let service = steeredService(name, for: request) else { return }
        guard let count = service.resetUpstreams(upstream) else {
            return request.finish(.failed(.noSuchUpstream(upstream ?? "", of: name)))
        }
        statusChanged()
        whenLanesFollow { request.finish(.counted(count)) }
    }

    private func steeredService(_ name: String, for request: ControlRequest) -> ActiveService? {
        if shutdown != .serving {
            request.finish(.failed(.stopping))
            return nil
        }
        guard let service = listeners[name]?.service else {
            request.finish(.failed(.noSuchListener(name)))
            return nil
        }
        return service
    }

    /// Calls `body` once every lane has ended the turn in which it may still have acted as before a change.
    func whenLanesFollow(_ body: @escaping @Sendable () -> Void) {
        let pending = PendingLanes(lanes.handles.count)
        lanes.performOnAll { _ in
            if pending.answered() { body() }
        }
    }
}

/// How many lanes have not answered yet.
private final class PendingLanes: Sendable {
    private let left: Atomic<Int>

    init(_ count: Int) { left = Atomic(count) }

    /// Counts an answer.
    ///
    /// - Returns: whether it is the last one.
    func answered() -> Bool { left.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 }
}
