// SPDX-License-Identifier: Apache-2.0

import Relaying

#if DEBUG
    import LinuxSystem
    import Reactor
    import Records

    extension UpstreamGroup {
        /// Enters the counters of the group, whichever session they count. Debug builds only.
        fileprivate func verify(into ledger: inout Ledger) {
            for member in members {
                ledger.add(
                    member.upstream.active, "connections to \(member.upstream.recorded)",
                    value: member.upstream.active.value)
            }
            if isInForce {
                for fault in overrideFaults { ledger.expect(false, "\(label.name): \(fault)") }
            }
            ledger.add(queue, "clients in the queue of \(label.name)", value: queue.length)
            for fault in queue.faults { ledger.expect(false, "\(label.name): \(fault)") }
        }

        /// Enters one connection: the member that counts it, or its place in the queue.
        fileprivate func verify(member: Int?, _ search: UpstreamSearch?, into ledger: inout Ledger) {
            verify(into: &ledger)
            if let member {
                let upstream = members[member].upstream
                ledger.addHolder(
                    of: upstream.active, "connections to \(upstream.recorded)", value: upstream.active.value)
            }
            // A session that was called has left the queue, before its own lane processes the call.
            if case .place(let number)? = search?.wait, queue.holds(number) {
                ledger.addHolder(of: queue, "clients in the queue of \(label.name)", value: queue.length)
                ledger.expect(member == nil, "\(label.name): waits for room, and has a member")
            }
        }
    }

    extension UpstreamSession {
        fileprivate func verifyMember(into ledger: inout Ledger) {
            (ongoingSearch?.group ?? group).verify(
                member: ongoingSearch?.member ?? place?.member, ongoingSearch, into: &ledger)
        }
    }

    extension ForwardService: Verifiable {
        package func verify(into ledger: inout Ledger) { group.verify(into: &ledger) }
    }

    extension RelaySession: Verifiable {
        package func verify(into ledger: inout Ledger) {
            verifyMember(into: &ledger)
            for pipe in [toUpstream.pipe, toClient.pipe].compactMap({ $0 }) {
                ledger.addHolder(of: lane.pipes, "pipes in use", value: lane.pipes.inUse)
                ledger.expect(pipe.count > 0, "\(group.label.name): a relay keeps an empty pipe")
            }
            ledger.expect(search == nil || peer == nil, "\(group.label.name): connects, and has an upstream")
            guard search == nil, pendingReset == nil, !waitsForTurn else { return }
            ledger.expect(
                !toClient.isHolding || client.awaitsWritable,
                "\(group.label.name): holds bytes for a client that it does not watch")
            ledger.expect(
                !toUpstream.isHolding || upstream.awaitsWritable,
                "\(group.label.name): holds bytes for an upstream that it does not watch")
        }
    }

    extension DatagramRelay: Verifiable {
        package func verify(into ledger: inout Ledger) {
            verifyMember(into: &ledger)
        }
    }

    extension FramedSession: Verifiable {
        package func verify(into ledger: inout Ledger) {
            verifyMember(into: &ledger)
            ledger.expect(
                output.isEmpty || waitsForTurn || client.awaitsWritable,
                "\(group.label.name): holds frames for a client that it does not watch")
        }
    }

    extension FramedFlow: Verifiable {
        package func verify(into ledger: inout Ledger) {
            verifyMember(into: &ledger)
        }
    }

    extension WaitingQueue {
        /// Violations: numbers that do not ascend, and a lock-free count that differs from the number of places.
        var faults: [String] {
            let (numbers, length) = contents
            var faults: [String] = []
            if zip(numbers, numbers.dropFirst()).contains(where: { $0 >= $1 }) {
                faults.append("the queue is out of order: \(numbers)")
            }
            if numbers.count != length { faults.append("\(numbers.count) wait in a queue that counts \(length)") }
            return faults
        }

        /// Whether a session waits with this number.
        fileprivate func holds(_ number: UInt64) -> Bool { contents.numbers.contains(number) }
    }
#endif
