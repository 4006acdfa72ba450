// SPDX-License-Identifier: Apache-2.0

import ControlProtocol
import LinuxSystem
import Reactor
import Records
import Services

/// A listener that an operator drains.
struct DrainingListener {
    let listener: ListenerInForce
    var drain: ListenerDrain
    /// The connections that it has closed.
    let stops = SessionStops()
    /// The heartbeat: lanes that have answered it have stopped accepting, or have counted the last connection.
    var heartbeat: UInt64
    /// Whether it had no connections when ``heartbeat`` was sent.
    var isEmpty = false
    /// How many connections had ended when it began.
    let endedBefore: UInt64
    /// The clients that wait for the outcome.
    var callers: [ControlRequest]
}

/// Drains of listeners. The supervisor carries them out, whether the client that has asked stays or not.
extension Supervisor {
    /// Pauses a listener and waits until it has no connections.
    ///
    /// A second drain of the same listener joins the first, and its timeout, if it has one, replaces that of the first.
    ///
    /// - Parameters:
    ///   - timeout: after how many nanoseconds the connections that are left are closed; nil for never.
    ///   - spread: over how many nanoseconds.
    func drain(_ name: String, timeout: UInt64?, spread: UInt64, for request: ControlRequest) {
        guard shutdown == .serving else { return request.finish(.failed(.stopping)) }
        guard let listener = listeners[name]?.current else { return request.finish(.failed(.noSuchListener(name))) }
        let now = Clock.monotonic
        if drains[listener.identifier] != nil {
            drains[listener.identifier]?.drain.join(timeout: timeout, spread: spread, at: now)
            drains[listener.identifier]?.callers.append(request)
        } else {
            follow(pause: true, of: listener)
            drains[listener.identifier] = DrainingListener(
                listener: listener, drain: ListenerDrain(timeout: timeout, spread: spread, at: now),
                heartbeat: sendHeartbeat(), endedBefore: listener.state.totals.sum.ended, callers: [request])
        }
        statusChanged()
        continueDrains()
    }

    /// Closes the connections that are due, and finishes the drains of listeners that have none.
    func continueDrains() {
        guard !drains.isEmpty else { return }
        // The end of a connection from now on is reported again.
        shared.acknowledgeChange()
        let now = Clock.monotonic
        for identifier in drains.keys.sorted() {
            guard var draining = drains[identifier] else { continue }
            let action = draining.drain.act(
                at: now, connections: draining.listener.connections.value, mayGrow: !haveAnswered(draining.heartbeat))
            drains[identifier] = draining
            switch action {
            case .wait: break
            case .close(let count):
                let stops = draining.stops
                stops.allow(count)
                lanes.performOnAll {
                    $0.stopSessions(of: identifier, because: .drained, by: .operator, counting: stops)
                }
            case .finish where draining.isEmpty: endDrain(of: identifier, .drained)
            case .finish:
                // A lane counts a connection as ended after it has decremented the number of open ones.
                drains[identifier]?.isEmpty = true
                drains[identifier]?.heartbeat = sendHeartbeat()
            }
        }
        let next = drains.values.compactMap(\.drain.nextTime).min()
        if let next {
            drainsAlarm?.set(after: Clock.span(from: Clock.monotonic, to: next))
        } else {
            drainsAlarm?.cancel()
        }
    }

    /// Ends a drain, if there is one, and tells those who wait.
    func endDrain(of identifier: Int, _ outcome: DrainOutcome) {
        guard let draining = drains.removeValue(forKey: identifier) else { return }
        let all = draining.listener.state.totals.sum.ended &- draining.endedBefore
        // The sum may lag behind the count of open connections.
        let closed = draining.stops.count
        let result = ControlResults.Drain(
            outcome: outcome, ended: all > closed ? all - closed : 0, closed: closed,
            left: max(draining.listener.connections.value, 0))
        if outcome == .drained {
            writer.write(.listenerDrained(ended: result.ended, closed: closed, listener: draining.listener.label))
        }
        for caller in draining.callers { caller.finish(.drained(result)) }
        statusChanged()
    }

    /// Ends all drains, since the daemon stops: it drains every listener itself.
    func abandonDrains() {
        drainsAlarm?.cancel()
        for draining in drains.values {
            for caller in draining.callers { caller.finish(.failed(.stopping)) }
        }
        drains = [:]
    }
}
