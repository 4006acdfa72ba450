// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem
import Reactor
import Records

/// What the upstream sends.
extension DatagramRelay: PeerSocketOwner {
    /// How many calls a turn may take before the others have theirs, where few are ready.
    private static let batchesPerTurn = 4

    /// The upstream's socket has something.
    func peerReady(_ socket: PeerSocket, _ readiness: Readiness) -> Turn {
        for _ in 0..<lane.calls(Self.batchesPerTurn) {
            guard let upstream, isOpen else { return .done }
            guard receive(from: upstream) else { return .done }
        }
        return .again
    }

    /// Takes what one call brings, and passes it on.
    ///
    /// - Returns: whether there may be more.
    private func receive(from upstream: PeerSocket) -> Bool {
        let batch = lane.datagramBatch
        let asked = expected
        let count: Int
        do throws(SystemError) {
            count = try batch.receive(from: upstream.stream.raw, atMost: asked, kind: upstreamKind)
        } catch {
            refused(errno: error.errno)
            return false
        }
        expected = count == asked ? min(asked * 2, DatagramBatch.capacity(of: upstreamKind)) : max(1, count)
        for index in 0..<count where isOfUpstream(index, of: batch) { pass(index, of: batch) }
        return count == asked && count > 1
    }

    /// Whether it comes from the upstream. To a socket of RDS, connected or not, anybody may send.
    private func isOfUpstream(_ index: Int, of batch: DatagramBatch) -> Bool {
        guard upstreamKind == .rds, batch.source(index)?.canonical != upstream?.address else { return true }
        traffic.dropped &+= 1
        return false
    }

    /// Sends to the source what the upstream has sent.
    private func pass(_ index: Int, of batch: DatagramBatch) {
        lastActivity = lane.now
        if !hasAnswered { answered() }
        let drops = batch.dropped(index)
        if drops != 0, drops != knownDrops {
            loseUnread(Int(drops &- knownDrops))
            knownDrops = drops
        }
        let segment = batch.segment(index)
        if !batch.isWhole(index) {
            loseAnswers(1, errno: EMSGSIZE)
        } else if identity.kind != .can || upstreamKind == .can || batch.isFrame(index) {
            batch.withBytes(index) { answer($0, segment: segment) }
        } else {
            batch.withBytes(index) { bytes in
                for datagram in DatagramParts(bytes, segment: segment) {
                    guard CANFrameLayout.isSendable(datagram) else {
                        loseAnswers(1, errno: EINVAL)
                        continue
                    }
                    // unsafe: bytes have no padding that could be read.
                    unsafe answer(datagram.span.bytes)
                }
            }
        }
    }

    func answered() {
        hasAnswered = true
        held = []
        notePreference()
        guard let member else { return }
        let upstream = group.members[member].upstream
        if let change = upstream.connectSucceeded(startedAt: identity.accepted, at: lane.now) {
            group.tell(change, of: upstream, on: lane)
        }
    }

    /// The flow ends, and nobody has refused what it sent: of an upstream that never answers, nothing else shows that it is
    /// there. A refusal needs time to come.
    func wasNotRefused() {
        guard let member, Clock.span(from: identity.accepted, to: lane.now) >= Upstream.timeForRefusal else { return }
        let upstream = group.members[member].upstream
        if let change = upstream.connectSucceeded(startedAt: identity.accepted, at: lane.now) {
            group.tell(change, of: upstream, on: lane)
        }
    }
}
