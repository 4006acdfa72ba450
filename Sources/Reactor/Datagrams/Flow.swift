// SPDX-License-Identifier: Apache-2.0

public import Addresses
public import LinuxSystem
public import Records

/// All datagrams from one source to one local address: for datagrams what a connection is for streams.
///
/// It begins with the first datagram, and ends when none was received or sent for `idle-timeout`.
///
/// A subclass gets each datagram in ``received(_:segment:)``, and answers with ``answer(_:segment:)``. Answers are sent
/// together at the end of the lane's turn.
///
/// Concurrency: belongs to one lane.
open class Flow: Session {
    /// The port that receives its datagrams; nil once it has ended, which every flow does before its port.
    private(set) final var port: DatagramPort?

    /// Identifies it among the flows of its port.
    final let key: FlowKey

    /// The datagram that is being received, and the end of the flow's datagrams, in the lane's batch.
    private final var arriving: (index: Int, end: Int)?

    /// How many datagrams it has received, sent and dropped.
    public final var traffic = DatagramTraffic()

    /// Whether its first datagram went to a broadcast address or a multicast group.
    public final let isBroadcastOrMulticast: Bool

    /// Takes the flow over.
    public init(flow seed: FlowSeed, lane: Lane) {
        port = seed.port
        isBroadcastOrMulticast = seed.isBroadcastOrMulticast
        key = FlowKey(peer: seed.identity.peer, local: seed.identity.local)
        super.init(seed.identity, lane: lane)
    }

    /// Called with a datagram, or with several of one length.
    ///
    /// - Parameters:
    ///   - bytes: valid during the call; empty for an empty datagram.
    ///   - segment: the length of each datagram in `bytes` but the last; 0 for a single one.
    open func received(_ bytes: RawSpan, segment: Int) {}

    /// Called with consecutive datagrams of the lane's batch, all complete. Passes each to ``received(_:segment:)``.
    open func received(_ range: Range<Int>, of batch: DatagramBatch) {
        for index in range where isOpen {
            arriving = (index, range.upperBound)
            batch.withBytes(index) { received($0, segment: batch.segment(index)) }
        }
        arriving = nil
    }

    /// Whether answers reset the idle timeout too; otherwise only datagrams of the source do.
    open var answersKeepAlive: Bool { true }

    /// Called after the kernel has refused answers. It must neither send nor end anything; it may set ``ownDeadline`` to
    /// ``Lane/now`` to do that.
    open func answersLost(_ errno: CInt) {}

    /// Sends the source a datagram, or several of one length, at the end of this turn.
    public final func answer(_ bytes: RawSpan, segment: Int = 0) {
        // The `close` record is written by then, so nothing would count the answer.
        guard isOpen else { return }
        port?.send(bytes, segment: segment, of: self)
    }

    /// Sends the datagram that is being received back to its source: during ``received(_:segment:)`` only.
    public final func answerWithSame() {
        if let arriving { port?.returnCurrent(arriving.index, to: self) }
    }

    /// Counts received datagrams that get no answer, since their source may be forged. The answer would go to a victim.
    public final func dropUnanswered(_ datagrams: Int) {
        traffic.dropped &+= UInt64(datagrams)
        port?.lose(.unanswered, UInt64(datagrams))
    }

    /// Counts datagrams that were not delivered to the upstream, for the port's records.
    ///
    /// - Parameters:
    ///   - errno: the kernel's error for the last one.
    ///   - kind: the kind of the upstream's socket.
    public final func lose(_ datagrams: Int, errno: CInt, to kind: SocketKind) {
        guard datagrams > 0 else { return }
        traffic.dropped &+= UInt64(datagrams)
        port?.lose(.undelivered(errno, kind), UInt64(datagrams))
    }

    /// Counts datagrams of an upstream that did not fit into the receive buffer, for the port's records.
    public final func loseUnread(_ datagrams: Int) {
        traffic.dropped &+= UInt64(datagrams)
        port?.lose(.overflow, UInt64(datagrams))
    }

    /// Counts answers that cannot be sent to the source, for the port's records.
    ///
    /// - Parameter errno: the error that the kernel would return.
    public final func loseAnswers(_ datagrams: Int, errno: CInt) {
        traffic.dropped &+= UInt64(datagrams)
        port?.lose(.unsent(errno), UInt64(datagrams))
    }

    /// Counts the result of sending answers.
    final func sent(_ result: DatagramResult) {
        traffic.sent &+= UInt64(result.datagrams)
        traffic.dropped &+= UInt64(result.lost)
        bytesOut &+= UInt64(result.bytes)
        if result.datagrams > 0, answersKeepAlive { lastActivity = lane.now }
        if result.lost > 0 { answersLost(result.errno) }
    }

    open override func snapshot() -> SessionSnapshot { SessionSnapshot(datagrams: traffic) }

    /// Ends the flow now. Answers that it gave before are still sent and counted.
    public final override func close(_ reason: CloseReason, by party: CloseParty, errno: CInt = 0) {
        guard isOpen else { return }
        port?.flush()
        // Datagrams received behind the one that ends the flow.
        if let arriving { port?.abandon(arriving.index + 1..<arriving.end, of: self) }
        super.close(reason, by: party, errno: errno)
        port?.forget(self)
        port = nil
    }
}
