// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import Policy
import Records

extension Lane {
    /// Checks the limits for a connection or flow from `peer`, and counts it.
    ///
    /// Where a PROXY header has to be sent, `peer` is the proxy. What concerns the client is checked once the header has
    /// named it, in ``Session/admit()``.
    ///
    /// - Throws: the limit that is reached.
    func admit(_ peer: SocketAddress, to listener: ListenerInForce) throws(Refusal) -> Admittance {
        try Admittance(
            daemon: shared.connections, limit: shared.connectionLimit, listener: listener.connections,
            limit: listener.plan.maxConnections)
    }

    /// Writes a `refused` record, or only counts if the listener has refused many for this reason lately.
    func recordRefusal(_ refusal: Refusal, of listener: ListenerInForce, _ record: () -> ConnectionRecord) {
        listener.state.totals.count(on: self) { $0.refuse(refusal.kind) }
        switch listener.state.refusals.note(refusal, at: now) {
        case .record:
            records.append(record(), now: now)
        case .firstRecord(let end):
            records.append(record(), now: now)
            let watch = RefusalWatch(refusal.kind, of: listener, lane: self)
            add(watch)
            schedule(watch, at: end)
        case .count:
            break
        }
    }

    /// Writes one record for refusals that were only counted.
    fileprivate func record(_ rest: RefusalReport.Rest, of listener: ListenerInForce) {
        write(
            .refused(
                rest.count, for: rest.refusal, from: Clock.realtime(of: rest.from),
                until: Clock.realtime(of: rest.until), listener: listener.label,
                time: Clock.realtime))
    }

    /// Writes the records of refusals that were only counted, at the end of the lane.
    func recordCountedRefusals() {
        for case let watch as RefusalWatch in table.occupants { watch.end() }
    }
}

/// Waits on one lane until it is time to record the refusals of a listener that were only counted.
final class RefusalWatch: Pollable {
    private let kind: Refusal.Kind
    private let listener: ListenerInForce
    private unowned let lane: Lane

    init(_ kind: Refusal.Kind, of listener: ListenerInForce, lane: Lane) {
        self.kind = kind
        self.listener = listener
        self.lane = lane
        super.init()
    }

    override func deadline(at now: UInt64) -> UInt64? {
        if let rest = listener.state.refusals.endInterval(kind) { lane.record(rest, of: listener) }
        lane.forget(self)
        return nil
    }

    /// Records now what was only counted.
    func end() {
        _ = deadline(at: .max)
    }
}
