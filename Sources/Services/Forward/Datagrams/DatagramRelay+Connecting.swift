// SPDX-License-Identifier: Apache-2.0

import Configuration
import Glibc
import LinuxSystem
import Reactor
import Records

/// Finding an upstream, and another one.
extension DatagramRelay {
    func take(_ index: Int) {
        member = index
        tried.insert(index)
        attempts += 1
    }

    /// Connects to the member that was chosen, or to the next one that can be.
    func reach() {
        while isOpen, let member {
            let upstream = group.members[member].upstream
            switch upstream.place {
            case .fixed(let address):
                if connect(to: address, upstream) { return }
            case .named(let resolution):
                switch resolution.addresses(
                    at: lane.now, interval: group.resolveInterval, waiter: Waiter(self, on: lane))
                {
                case .addresses(let addresses):
                    if let first = addresses.first(where: fitsSource), connect(to: first, upstream) { return }
                    note("has no address that can be reached", errno: 0)
                case .pending:
                    resolveDeadline = lane.now + group.connectTimeout
                    ownDeadline = min(ownDeadline ?? .max, resolveDeadline)
                    return
                case .failed(let reason):
                    note("does not resolve: \(reason)", errno: 0)
                }
            }
            guard next() else { return }
        }
    }

    private func fitsSource(_ address: SocketAddress) -> Bool {
        group.settings.source.map { $0.family == address.family } ?? true
    }

    /// - Returns: whether it is connected; if not, it was noted why.
    private func connect(to address: SocketAddress, _ upstream: Upstream) -> Bool {
        let begun = Clock.monotonic
        do throws(SystemError) {
            let descriptor = try OutgoingSocket.make(
                upstream.kind, for: address, from: group.settings.source, filters: upstream.endpoint.options.filters)
            let port = UpstreamPort(descriptor, to: address, relay: self)
            _ = try OutgoingSocket.connect(port.raw, to: address)
            try lane.watch(port, port.raw, for: .readable)
            self.upstream = port
        } catch {
            switch error.errno {
            case EMFILE where lane.pipes.closeResting(), ENFILE where lane.pipes.closeResting():
                return connect(to: address, upstream)
            default: break
            }
            note(UpstreamFailure.words(for: error.errno, kind: upstream.kind), errno: error.errno)
            return false
        }
        connectTime = Clock.monotonic &- begun
        canSegment = upstream.kind == .udp
        sendHeld()
        // Its interface is up, and what was sent is on the bus: nobody has to answer, and no other bus is to have it too.
        if upstream.kind == .can, isOpen, self.upstream?.address == address { answered() }
        return true
    }

    /// Goes over to another member, or ends the flow.
    ///
    /// - Returns: whether there is one.
    func next() -> Bool {
        if let member { group.leave(member) }
        member = nil
        upstream?.close(on: lane)
        upstream = nil
        if attempts < group.settings.attempts,
            case .member(let index) = group.choose(ticket: ticket, source: source, tried: tried, at: lane.now)
        {
            take(index)
            return true
        }
        close(.connectFailed, by: .upstream)
        return false
    }

    /// Notes that the member cannot be reached.
    func note(_ reason: String, errno: CInt) {
        guard let member else { return }
        let upstream = group.members[member].upstream
        failures.append("\(upstream.endpoint): \(reason)")
        switch errno {
        // It is this host that has no room.
        case EMFILE, ENFILE, ENOBUFS, ENOMEM: return
        default: break
        }
        let change = upstream.connectFailed(startedAt: lane.now, at: lane.now, errno: errno)
        if let change { group.tell(change, of: upstream, on: lane) }
    }
}

extension DatagramRelay: Waiting {
    /// The addresses that were asked for may be there.
    func resume() {
        guard isOpen, upstream == nil else { return }
        reach()
    }
}
