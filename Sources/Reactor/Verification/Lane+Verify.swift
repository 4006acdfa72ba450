// SPDX-License-Identifier: Apache-2.0

#if DEBUG
    package import Dispatch
    import LinuxSystem
    import Records
    import Synchronization

    extension Lane {
        /// Enters the counters and objects of the lane into a ledger, and notes broken invariants. Debug builds only.
        ///
        /// Call it on the lane's thread, between two turns or in a message.
        package func verify(into ledger: inout Ledger) {
            for fault in table.faults + deadlines.faults { ledger.expect(false, "lane \(handle.number): \(fault)") }
            ledger.add(shared.connections, "connections of the daemon", value: shared.connections.value)
            ledger.add(
                handle.connections, "connections of lane \(handle.number)", value: handle.connections.value)
            ledger.add(pipes, "pipes in use on lane \(handle.number)", value: pipes.inUse)
            ledger.pipes += pipes.inUse + pipes.resting
            for listener in listeners.values { verify(listener, &ledger) }
            for occupant in table.occupants { verify(occupant, &ledger) }
            for case let (identity, raw)? in (handle.seeds + takenSeeds).map(\.contents) {
                addConnection(of: identity.listener, &ledger)
                ledger.add(descriptor: raw)
            }
            for slot in deadlines.slots {
                ledger.expect(table[slot] != nil, "lane \(handle.number): a deadline for slot \(slot), which is free")
            }
            for acceptor in pausedAcceptors {
                ledger.expect(
                    acceptor.isPaused && table[acceptor.slot] === acceptor,
                    "lane \(handle.number): an acceptor is listed as paused, and is not")
            }
            ledger.expect(
                pausedAcceptors.isEmpty || shared.isOutOfResources,
                "lane \(handle.number): an acceptor is paused, and nothing is short")
            verifyWatches(&ledger)
        }

        /// Verifies a lane on which everything has ended. Debug builds only.
        package func verifyRest(into ledger: inout Ledger) {
            verify(into: &ledger)
            // Shortages and counted refusals wait for deadlines of their own, after the connections have ended.
            let left = table.occupants.filter { !($0 is ShortageWatch) && !($0 is RefusalWatch) }
            let kinds = Dictionary(grouping: left) { "\(type(of: $0))" }.mapValues(\.count)
            ledger.expect(kinds.isEmpty, "still in the table: \(kinds)")
            let deadlines = deadlines.count - (table.occupants.count - left.count)
            ledger.expect(deadlines == 0, "\(deadlines) deadlines are left")
            ledger.expect(pausedAcceptors.isEmpty, "acceptors are paused that have ended")
            ledger.expect(turnsAreOver, "somebody waits for a turn, or for an answer to be sent")
            ledger.expect(shared.connections.value == 0, "the daemon counts \(shared.connections.value) connections")
            ledger.expect(handle.connections.value == 0, "the lane counts \(handle.connections.value) connections")
            ledger.expect(pipes.inUse == 0, "\(pipes.inUse) pipes were not given back")
        }

        private func verify(_ listener: LaneListener, _ ledger: inout Ledger) {
            let current = listener.current
            ledger.add(
                current.connections, "connections of \(current.label.name)", value: current.connections.value)
            for ingress in listener.ingressSockets {
                ledger.expect(table[ingress.slot] === ingress, "\(current.label.name): a socket is in no table")
                if let acceptor = ingress as? Acceptor, acceptor.willResume {
                    ledger.expect(
                        pausedAcceptors.contains { $0 === acceptor } && deadlines.time(of: acceptor.slot) != nil,
                        "\(current.label.name): a paused acceptor that nothing resumes")
                }
            }
            (listener.service as? any Verifiable)?.verify(into: &ledger)
        }

        private func verify(_ occupant: Pollable, _ ledger: inout Ledger) {
            let name = "\(type(of: occupant)) in slot \(occupant.slot)"
            ledger.expect(
                occupant.waitsForTurn == isWaiting(occupant), "\(name): waits for a turn that it does not get")
            if let connection = occupant as? Session {
                addConnection(of: connection.identity.listener, &ledger)
                ledger.addHolder(
                    of: handle.connections, "connections of lane \(handle.number)", value: handle.connections.value)
                ledger.expect(connection.isOpen, "\(name): closed, and still in the table")
                if let next = connection.nextDeadline {
                    let time = deadlines.time(of: connection.slot) ?? .max
                    ledger.expect(
                        time <= next, "\(name): nothing is scheduled for its next deadline")
                }
            }
            if let worker = occupant as? Worker {
                ledger.expect(
                    worker.output.isEmpty || worker.client.awaitsWritable,
                    "\(name): holds output, and waits for no room")
                ledger.expect(
                    !worker.wantsTurn || worker.waitsForTurn, "\(name): wants a turn, and waits for none")
            }
            if let flow = occupant as? Flow, let port = flow.port {
                ledger.addHolder(of: port, "flows of \(flow.identity.listener.label.name)", value: port.flowCount)
            }
            (occupant as? any Verifiable)?.verify(into: &ledger)
        }

        private func addConnection(of listener: ListenerInForce, _ ledger: inout Ledger) {
            ledger.addHolder(
                of: shared.connections, "connections of the daemon", value: shared.connections.value)
            ledger.addHolder(
                of: listener.connections, "connections of \(listener.label.name)", value: listener.connections.value)
        }

        /// Verifies that each epoll registration has an occupant, and that what needs a registration has one.
        private func verifyWatches(_ ledger: inout Ledger) {
            let watches = poll.watches
            for (raw, token) in watches where !isWakeToken(token) {
                ledger.add(descriptor: raw)
                ledger.expect(
                    table.occupant(of: token) != nil,
                    "lane \(handle.number): descriptor \(raw) is watched for an object that is gone")
            }
            let tokens = Set(watches.map(\.token))
            for occupant in table.occupants {
                let mustBeWatched =
                    switch occupant {
                    case let session as StreamSession: session.client.isRegistered
                    case let acceptor as Acceptor: !acceptor.isPaused && !ending.contains { $0 === acceptor }
                    default: false
                    }
                ledger.expect(
                    !mustBeWatched || tokens.contains(table.token(of: occupant)),
                    "lane \(handle.number): epoll does not watch a \(type(of: occupant))")
            }
        }
    }

    extension LaneGroup {
        /// Stops every lane, verifies all of them, and lets them continue. Debug builds only.
        ///
        /// - Returns: nil if a lane did not stop in time.
        package func verify(within timeout: DispatchTimeInterval) -> Ledger? {
            let (stopped, verified) = (DispatchGroup(), DispatchGroup())
            let (begin, proceed) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
            let box = LedgerBox()
            for handle in handles {
                stopped.enter()
                verified.enter()
                handle.perform { lane in
                    stopped.leave()
                    begin.wait()
                    var ledger = Ledger()
                    lane.verify(into: &ledger)
                    box.ledger.withLock { $0.merge(ledger) }
                    verified.leave()
                    proceed.wait()
                }
            }
            let hasStopped = stopped.wait(timeout: .now() + timeout) == .success
            for _ in handles { begin.signal() }
            // A lane that has stopped verifies at once. One that has not verifies later, and is not waited for.
            let isComplete = hasStopped && verified.wait(timeout: .now() + timeout) == .success
            for _ in handles { proceed.signal() }
            return isComplete ? box.ledger.withLock { $0 } : nil
        }

        private final class LedgerBox: Sendable {
            let ledger = Mutex(Ledger())
        }
    }
#endif
