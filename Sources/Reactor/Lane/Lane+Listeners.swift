// SPDX-License-Identifier: Apache-2.0

import Addresses
public import LinuxSystem
import Policy
public import Records

extension Lane {
    /// Begins to accept from the sockets, as the listener has it.
    public func open(_ listener: ListenerInForce, sockets: [ListeningSocket]) {
        let here = LaneListener(listener)
        listeners[listener.identifier] = here
        here.service.begin(on: self)
        setSockets(of: here, to: sockets)
    }

    /// Puts new settings and sockets into force for the connections to come; those that stand keep theirs.
    ///
    /// - Parameters:
    ///   - keepsService: whether the service of the connections to come is the one of those that stand.
    ///   - staying: the sockets that some listener has from now on: see ``stopAccepting(_:staying:)``.
    public func update(
        _ listener: ListenerInForce, sockets: [ListeningSocket], keepsService: Bool,
        staying: Set<ObjectIdentifier> = []
    ) {
        guard let here = listeners[listener.identifier] else { return open(listener, sockets: sockets) }
        let before = here.service
        here.update(listener, keepsService: keepsService)
        if here.service !== before {
            before.end(on: self)
            here.service.begin(on: self)
        }
        setSockets(of: here, to: sockets, staying: staying)
    }

    /// Stops accepting for a listener. Its connections live on; whoever waits in a backlog is taken first.
    ///
    /// - Parameter staying: sockets that some listener has from now on, or this one on another lane: whoever waits in their
    ///   backlogs waits for that.
    public func stopAccepting(_ identifier: Int, staying: Set<ObjectIdentifier> = []) {
        guard let listener = listeners[identifier] else { return }
        setSockets(of: listener, to: [], staying: staying)
        listener.service.end(on: self)
    }

    /// Stops accepting for every listener, and hands no connection over any more.
    public func stopAccepting() {
        isLeaving = true
        for identifier in listeners.keys { stopAccepting(identifier) }
    }

    /// Ends the connections of a listener, or of all, and forgets it. Those of one listener are ended in as many turns as it
    /// takes.
    public func stop(_ identifier: Int?, because reason: CloseReason, by party: CloseParty) {
        // First, since it takes those who wait.
        guard let identifier else {
            stopAccepting()
            for ingress in ending { while ingress.ready([]) == .again {} }
            for connection in openSessions { connection.stop(reason, by: party) }
            return
        }
        stopAccepting(identifier)
        // Flows end in turns of their own.
        for ingress in ending where ingress.listenerIdentifier == identifier && !ingress.socket.kind.isDatagram {
            while ingress.ready([]) == .again {}
        }
        listeners[identifier] = nil
        sweep { connection in
            guard connection.identity.listener.identifier == identifier else { return 0 }
            connection.stop(reason, by: party)
            return 4
        }
    }

    /// Closes every connection that is left, whatever it is doing.
    public func closeAll(because reason: CloseReason, by party: CloseParty) {
        for connection in openSessions { connection.close(reason, by: party) }
    }

    private func setSockets(
        of listener: LaneListener, to sockets: [ListeningSocket], staying: Set<ObjectIdentifier> = []
    ) {
        let wanted = Set(sockets.map(ObjectIdentifier.init))
        var kept: [IngressSocket] = []
        var present: Set<ObjectIdentifier> = []
        for ingress in listener.ingressSockets {
            let socket = ObjectIdentifier(ingress.socket)
            if wanted.contains(socket), isHome(of: ingress.socket, of: listener) {
                kept.append(ingress)
                present.insert(socket)
            } else {
                remove(ingress, leavesBacklog: staying.contains(socket))
            }
        }
        for socket in sockets where isHome(of: socket, of: listener) {
            guard present.insert(ObjectIdentifier(socket)).inserted else { continue }
            let ingress =
                socket.kind.isDatagram
                ? DatagramPort(socket, listener: listener, lane: self)
                : Acceptor(socket, listener: listener, lane: self)
            ingress.listenerIdentifier = listener.current.identifier
            ingress.token = table.insert(ingress)
            ingress.begin()
            kept.append(ingress)
        }
        listener.ingressSockets = kept
    }

    /// Whether clients of a socket come in on this lane. Every lane accepts connections; the flows of a datagram socket are
    /// on one, and those of the next on another.
    private func isHome(of socket: ListeningSocket, of listener: LaneListener) -> Bool {
        guard socket.kind.isDatagram, !listener.current.sharesOneLane else { return true }
        // The number stays the same as long as the socket does, whatever a reload changes around it.
        return Int(socket.raw) % peers.count == handle.number
    }

    #if DEBUG
        /// The listeners that the lane has. Debug builds only.
        package var listenerIdentifiers: [Int] { Array(listeners.keys) }
    #endif

    private func remove(_ ingress: IngressSocket, leavesBacklog: Bool) {
        if !pausedAcceptors.isEmpty { pausedAcceptors.removeAll { $0 === ingress } }
        deadlines.cancel(ingress.slot)
        if ingress.end(leavesBacklog: leavesBacklog) == .again {
            ending.append(ingress)
            giveTurn(to: ingress)
        } else {
            table.remove(ingress)
        }
    }

    /// A ingress that was removed has taken the last that waited in its backlog, or ended the last of its flows.
    func ended(_ ingress: IngressSocket) {
        ending.removeAll { $0 === ingress }
        deadlines.cancel(ingress.slot)
        table.remove(ingress)
        if ending.isEmpty, let number = pendingHeartbeat.take() { answer(heartbeat: number) }
    }

    /// Answers a heartbeat, once no ingress is ending.
    func answer(heartbeat number: UInt64) {
        guard ending.isEmpty else {
            pendingHeartbeat = number
            return
        }
        handle.noteAnswer(number)
        shared.noteChange()
    }
}
