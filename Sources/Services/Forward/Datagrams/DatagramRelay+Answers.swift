// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem
import Reactor
import Records
import Relaying

/// Datagrams from the upstream.
extension DatagramRelay {
    /// How many calls a turn may make where few sockets are ready.
    private static let batchesPerTurn = 4

    /// Handles an event of the upstream's socket.
    func peerReady(_ socket: PeerSocket, _ readiness: Readiness) -> Turn {
        for _ in 0..<lane.calls(Self.batchesPerTurn) {
            guard let upstream, isOpen else { return .done }
            guard receive(from: upstream) else { return .done }
        }
        return .again
    }

    /// Receives one batch and passes it to the source.
    ///
    /// - Returns: whether there may be more.
    private func receive(from upstream: PeerSocket) -> Bool {
        let batch = lane.datagramBatch
        let asked = expected
        let kind = upstream.stream.kind
        let count: Int
        do throws(SystemError) {
            count = try batch.receive(from: upstream.stream.raw, atMost: asked, kind: kind)
        } catch {
            refused(errno: error.errno)
            return false
        }
        expected = count == asked ? min(asked * 2, DatagramBatch.capacity(of: kind)) : max(1, count)
        for index in 0..<count {
            if upstream.isSource(of: index, in: batch) {
                pass(index, of: batch, from: kind)
            } else {
                traffic.dropped &+= 1
            }
        }
        return count == asked && count > 1
    }

    /// Sends a datagram of the upstream, or several of one length, to the source.
    private func pass(_ index: Int, of batch: DatagramBatch, from kind: SocketKind) {
        lastActivity = lane.now
        if search != nil { answered() }
        let drops = batch.dropped(index)
        if drops != 0, drops != knownDrops {
            loseUnread(Int(drops &- knownDrops))
            knownDrops = drops
        }
        let segment = batch.segment(index)
        if !batch.isWhole(index) {
            loseAnswers(1, errno: EMSGSIZE)
        } else if identity.kind != .can || kind == .can || batch.isFrame(index) {
            batch.withBytes(index) { answer($0, segment: segment) }
        } else {
            batch.withBytes(index) {
                $0.forEachDatagram(segment: segment) { datagram in
                    if CANFrameLayout.isSendable(datagram) { answer(datagram) } else { loseAnswers(1, errno: EINVAL) }
                }
            }
        }
    }
}
