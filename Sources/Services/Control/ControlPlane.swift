// SPDX-License-Identifier: Apache-2.0

package import Addresses
package import Configuration
package import ControlProtocol
package import Reactor

/// What a ``ControlService`` asks of the daemon: the supervisor.
///
/// Concurrency: called on the control lane; the answer may come from any thread.
package protocol ControlPlane: AnyObject, Sendable {
    /// The lanes whose connections are listed and closed.
    var dataLanes: [LaneHandle] { get }

    /// Has a request carried out, in the order of the calls.
    func submit(_ request: ControlRequest)
}

/// A call that only the supervisor can carry out, and where its outcome goes.
package struct ControlRequest: Sendable {
    /// What is asked for.
    package enum Work: Hashable, Sendable {
        /// The daemon and its listeners, or one of them.
        case status(listener: String?)
        /// The configuration in force, or what it has for a listener.
        case config(listener: String?)
        /// What listeners, or one of them, would do with a connection from an address.
        case explain(SocketAddress, listener: String?)
        /// To accept no more connections.
        case pause(listener: String)
        /// To accept again.
        case resume(listener: String)
        /// To pause a listener, and wait until it has no connections: nanoseconds.
        case drain(listener: String, timeout: UInt64?, spread: UInt64)
        /// To set the state or the weight of an upstream.
        case setUpstream(String, of: String, state: WantedUpstreamState?, weight: Int?)
        /// To take back what was set for an upstream, or for all of a listener.
        case resetUpstreams(String?, of: String)
        /// To read the configuration again; the outcome comes when it is in force, or was refused.
        case reload
        /// What a reload would do.
        case planReload
        /// To open the log files again.
        case reopen
    }

    /// What came of it.
    package enum Outcome: Sendable {
        /// It was done.
        case done
        /// The drain of a listener has ended.
        case drained(ControlResults.Drain)
        /// It was done for so many.
        case counted(Int)
        /// The status, and the identifier of each listener in it.
        case status(ControlResults.Status, identifiers: [Int])
        /// The configuration in force, and the only listener to show.
        case config(Configuration, listener: String?)
        /// What a reload from one configuration to another would do, without the values that change.
        case plan(ControlResults.PlanReload, from: Configuration, to: Configuration)
        /// What listeners would do with a connection.
        case explanation(ControlResults.Explain)
        /// It was not done.
        case failed(VarlinkError)
    }

    package let work: Work
    private let caller: ControlCaller

    /// Makes a request of the caller's call `number`.
    init(_ work: Work, from caller: ControlCaller) {
        self.work = work
        self.caller = caller
    }

    /// Sends the outcome to the client, unless it has gone. May be called on any thread.
    package func finish(_ outcome: Outcome) {
        caller.perform { $0.finished(outcome) }
    }
}

/// A ``ControlWorker`` as other threads know it.
///
/// Concurrency: may be used from every thread. What is sent to a worker that has ended, or has given up the step, is dropped.
struct ControlCaller: Sendable {
    private let lane: LaneHandle
    private let token: UInt64
    private let step: Int

    init(_ worker: ControlWorker, step: Int) {
        lane = worker.lane.handle
        token = worker.lane.token(of: worker)
        self.step = step
    }

    /// Calls `body` on the lane of the worker.
    func perform(_ body: @escaping @Sendable (ControlWorker) -> Void) {
        lane.perform { [token, step] lane in
            guard let worker = lane.pollable(token) as? ControlWorker, worker.step == step else { return }
            body(worker)
        }
    }
}
