// SPDX-License-Identifier: Apache-2.0

import Addresses
public import LinuxSystem
import Policy
public import Records

extension Lane {
    /// Starts accepting on the sockets of a listener.
    public func open(_ listener: ListenerInForce, sockets: [ListeningSocket]) {
        let here = LaneListener(listener)
        listeners[listener.identifier] = here
        here.service.begin(on: self)
        setSockets(of: here, to: sockets)
    }

    /// Applies new settings and sockets to future connections; existing connections keep theirs.
    ///
    /// - Parameters:
    ///   - keepsService: whether future connections share the service of the existing ones.
    ///   - staying: sockets that some listener uses from now on: see ``stopAccepting(_:staying:)``.
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

    /// The service of a listener on this lane.
    package func service(of identifier: Int) -> (any Service)? { listeners[identifier]?.service }

    /// Stops accepting for a listener. Existing connections continue; those in a backlog are accepted first.
    ///
    /// - Parameter staying: sockets that some listener uses from now on, or this one on another lane: their backlogs are
    ///   left to it.
    public func stopAccepting(_ identifier: Int, staying: Set<ObjectIdentifier> = []) {
        guard let listener = listeners[identifier] else { return }
        setSockets(of: listener, to: [], staying: staying)
        listener.service.end(on: self)
    }

    /// Applies ``ListenerState/isPaused`` of a listener after a change.
    public func followPause(of identifier: Int) {
        for ingress in listeners[identifier]?.ingressSockets ?? [] { ingress.followPause() }
    }

    /// Stops accepting for every listener, and stops handing over connections to other lanes.
    public func stopAccepting() {
        isLeaving = true
        for identifier in listeners.keys { stopAccepting(identifier) }
    }

    /// Stops the connections of a listener and forgets it; nil stops those of all listeners.
    ///
    /// The connections of one listener are stopped over as many turns as it takes, those of all listeners at once.
    public func stop(_ identifier: Int?, because reason: CloseReason, by party: CloseParty) {
        // First, since it accepts the connections in the backlogs, which are stopped too.
        guard let identifier else {
            stopAccepting()
            for ingress in ending { while ingress.ready([]) == .again {} }
            for connection in openSessions { connection.stop(reason, by: party) }
            return
        }
        stopAccepting(identifier)
        // A datagram port ends its flows in turns of its own.
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

    /// Closes every remaining connection immediately.
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

    /// Whether this lane serves a socket. Every lane accepts connections; a datagram socket is served by one lane, chosen
    /// by its descriptor number, so that several sockets use several lanes.
    private func isHome(of socket: ListeningSocket, of listener: LaneListener) -> Bool {
        guard socket.kind.isDatagram, !listener.current.sharesOneLane else { return true }
        // The descriptor number does not change while the socket is open, whatever a reload changes.
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

    /// Called when a removed ingress socket has emptied its backlog, or ended its last flow.
    func ended(_ ingress: IngressSocket) {
        ending.removeAll { $0 === ingress }
        deadlines.cancel(ingress.slot)
        table.remove(ingress)
        if ending.isEmpty, let number = pendingHeartbeat.take() { answer(heartbeat: number) }
    }

    /// Answers a heartbeat, as soon as no removed ingress socket is still ending.
    func answer(heartbeat number: UInt64) {
        guard ending.isEmpty else {
            pendingHeartbeat = number
            return
        }
        handle.noteAnswer(number)
        shared.noteChange()
    }
}
