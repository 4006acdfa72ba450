// SPDX-License-Identifier: Apache-2.0

import ControlProtocol
import LinuxSystem
package import Reactor

/// Serves the control socket, in Varlink.
///
/// Concurrency: belongs to the control lane, as every service belongs to one.
package final class ControlService: Service {
    /// Who may change something.
    package struct Operators: Hashable, Sendable {
        /// The user that the daemon runs as.
        package var user: UInt32
        /// The group whose members may; nil for none.
        package var group: UInt32?

        package init(user: UInt32, group: UInt32?) {
            self.user = user
            self.group = group
        }

        /// Whether a caller may: root, the daemon's user, and the members of the group.
        ///
        /// - Parameter groups: the supplementary groups of the caller, asked for only if they matter.
        func include(_ caller: PeerCredentials?, groups: () -> [UInt32]) -> Bool {
            guard let caller else { return false }
            if caller.uid == 0 || caller.uid == user { return true }
            guard let group else { return false }
            return caller.gid == group || groups().contains(group)
        }
    }

    /// How many calls may go through the connections at a time. Each may hold what it found of all of them until its client
    /// has taken it.
    static let mostVisits = 4

    let plane: any ControlPlane
    /// Who may change something. Clients that are connected follow a change.
    package var operators: Operators

    let version: String

    /// How long a lane may take for its part of a call, in nanoseconds.
    let laneTime: UInt64

    /// How long a client may not read its list while others wait for theirs, in nanoseconds.
    let crowdedTime: UInt64

    private var workers = 0
    private var visiting: [ControlWorker] = []
    private var waiting: [ControlWorker] = []

    package init(
        _ plane: any ControlPlane, operators: Operators, version: String, laneTime: UInt64 = 5_000_000_000,
        crowdedTime: UInt64 = 1_000_000_000
    ) {
        self.plane = plane
        self.operators = operators
        self.version = version
        self.laneTime = laneTime
        self.crowdedTime = crowdedTime
    }

    package func makeSession(for seed: consuming Seed, on lane: Lane) -> StreamSession {
        ControlWorker(seed, lane: lane, service: self)
    }

    // MARK: - Workers

    /// How many clients there may be that may not change anything, so that there is room for those who may.
    static let mostOthers = 48

    /// Whether there is room for one more client that may not change anything.
    var hasRoomForOthers: Bool { workers < Self.mostOthers }

    /// Counts a worker that begins. While there is one, the turns of the lanes are measured.
    func enter() {
        workers += 1
        for handle in plane.dataLanes { handle.turnTimes.beginMeasuring() }
    }

    /// Counts a worker that has ended.
    func leave(_ worker: ControlWorker) {
        workers -= 1
        for handle in plane.dataLanes { handle.turnTimes.endMeasuring() }
        waiting.removeAll { $0 === worker }
        endVisit(of: worker)
    }

    // MARK: - Visits

    /// Whether calls wait for a place.
    var isCrowded: Bool { !waiting.isEmpty }

    /// Calls ``ControlWorker/visit()`` as soon as there is room.
    func beginVisit(of worker: ControlWorker) {
        guard visiting.count < Self.mostVisits else {
            waiting.append(worker)
            for other in visiting { other.hurry() }
            return
        }
        visiting.append(worker)
        worker.visit()
    }

    /// Whether a worker has one of the places.
    func isVisiting(_ worker: ControlWorker) -> Bool { visiting.contains { $0 === worker } }

    /// Makes room for the next. Called when the client has taken the last reply; does nothing without a place.
    func endVisit(of worker: ControlWorker) {
        guard let index = visiting.firstIndex(where: { $0 === worker }) else { return }
        visiting.remove(at: index)
        guard !waiting.isEmpty else { return }
        beginVisit(of: waiting.removeFirst())
    }
}
