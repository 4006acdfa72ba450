// SPDX-License-Identifier: Apache-2.0

#if DEBUG
    import Dispatch
    import Glibc
    import LinuxSystem
    import Reactor
    import Records
    import Synchronization

    extension Supervisor {
        /// Compares every counter of the daemon with what it counts, and the listeners with those of the lanes. Debug builds
        /// only.
        ///
        /// - Parameter descriptors: whether the descriptors of the process are all the daemon's own.
        /// - Returns: what is wrong, in words; empty if nothing is.
        func verify(descriptors: Bool = false) -> [String] {
            // The lanes have ended: there is nothing to verify.
            if lanes.join(timeout: .now()) { return [] }
            let (known, required) = (knownListeners, requiredListeners)
            let names = LanesReport()
            lanes.performOnAll { names.add($0.listenerIdentifiers, of: $0.handle.number) }
            guard var ledger = lanes.verify(within: .seconds(10)) else { return ["a lane does not answer"] }
            for (lane, identifiers) in names.all {
                ledger.expect(
                    identifiers.isSubset(of: known),
                    "lane \(lane) has listeners that the supervisor has not: \(identifiers)")
                ledger.expect(
                    (required[lane] ?? []).isSubset(of: identifiers),
                    "lane \(lane) lacks listeners: it has \(identifiers), of \(required[lane] ?? [])")
            }
            for (identifier, draining) in drains {
                let listener = listeners[draining.listener.label.name]?.current
                ledger.expect(
                    listener?.identifier == identifier && listener?.state.isPaused == true,
                    "\(draining.listener.label.name) is drained, and is not paused")
            }
            if let lanes = control.verifiable {
                guard let own = lanes.verify(within: .seconds(10)) else { return ["the control lane does not answer"] }
                ledger.merge(own)
            }
            if descriptors { verifyDescriptors(&ledger) }
            return ledger.problems
        }

        /// The identifiers of the listeners in force, and of removed ones that still drain.
        private var knownListeners: Set<Int> {
            Set(listeners.values.map(\.current.identifier)).union(removedListeners.keys)
        }

        /// For each lane the listeners that it must have.
        private var requiredListeners: [Int: Set<Int>] {
            var required: [Int: Set<Int>] = [:]
            for listener in listeners.values {
                for handle in handles(for: listener.current) {
                    required[handle.number, default: []].insert(listener.current.identifier)
                }
            }
            return required
        }

        /// Verifies that each connection socket is registered and each pipe is a lane's. Others have lost their owner.
        private func verifyDescriptors(_ ledger: inout Ledger) {
            let sockets =
                listeners.values.flatMap { $0.sockets.map(\.socket.raw) } + closing.compactMap { $0.socket?.raw }
                + [control.raw].compactMap(\.self)
            let expected = ledger.descriptors.union(sockets).union(Verification.atStart)
            var pipeEnds = 0
            for (raw, kind) in Verification.openDescriptors where raw > STDERR_FILENO {
                switch kind {
                case .connection:
                    ledger.expect(expected.contains(raw), "socket \(raw) is open, and belongs to nobody")
                case .pipe where !Verification.atStart.contains(raw):
                    pipeEnds += 1
                case .pipe, .other: break
                }
            }
            let pipes = ledger.pipes
            ledger.expect(pipeEnds == 2 * pipes, "\(pipeEnds) ends of pipes are open, of \(pipes) pipes")
        }
    }

    /// What each lane has reported.
    private final class LanesReport: Sendable {
        private let reports = Mutex<[Int: Set<Int>]>([:])

        var all: [Int: Set<Int>] { reports.withLock { $0 } }

        func add(_ identifiers: [Int], of lane: Int) { reports.withLock { $0[lane] = Set(identifiers) } }
    }
#endif
