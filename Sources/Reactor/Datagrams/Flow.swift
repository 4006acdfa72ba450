// SPDX-License-Identifier: Apache-2.0

public import Addresses
public import LinuxSystem
public import Records

/// All datagrams that come from one source to one address: what a connection is to a stream listener. It begins with the
/// first datagram, and ends when none has moved for `idle-timeout`.
///
/// A subclass is given each datagram in ``received(_:segment:)``, and answers with ``answer(_:segment:)``. Answers leave
/// together at the end of the lane's turn.
///
/// Concurrency: belongs to one lane.
open class Flow: Session {
    /// Where its datagrams come in; nil once it has ended, which every flow does before its port.
    private(set) final var port: DatagramPort?

    /// What tells it from the other flows of its port.
    final let key: FlowKey

    /// What is being received, in the lane's batch, and up to where it is the flow's.
    private final var arriving: (index: Int, end: Int)?

    /// What it has moved.
    public final var traffic = DatagramTraffic()

    /// Whether its first datagram went to many: a broadcast address or a group.
    public final let isToMany: Bool

    /// Takes the flow over.
    public init(flow seed: FlowSeed, lane: Lane) {
        port = seed.port
        isToMany = seed.isToMany
        key = FlowKey(peer: seed.identity.peer, local: seed.identity.local)
        super.init(seed.identity, lane: lane)
    }

    /// A datagram has come, or several of one length.
    ///
    /// - Parameters:
    ///   - bytes: valid during the call; empty for an empty datagram.
    ///   - segment: the length of each datagram in it but the last; 0 if it is one.
    open func received(_ bytes: RawSpan, segment: Int) {}

    /// Datagrams have come in a row: all of them whole, and in the lane's batch. Gives each to ``received(_:segment:)``.
    open func received(_ range: Range<Int>, of batch: DatagramBatch) {
        for index in range where isOpen {
            arriving = (index, range.upperBound)
            batch.withBytes(index) { received($0, segment: batch.segment(index)) }
        }
        arriving = nil
    }

    /// Whether the flow lives on while only answers go out; else what the source sends alone keeps it.
    open var answersKeepAlive: Bool { true }

    /// The kernel did not take answers, and said why. Nothing may be sent and nothing ended in here: ``ownDeadline`` can be
    /// set to ``Lane/now`` for what has to be done.
    open func answersLost(_ errno: CInt) {}

    /// Sends the source a datagram, or several of one length, at the end of this turn.
    public final func answer(_ bytes: RawSpan, segment: Int = 0) {
        // After the end, its record is written, and nothing would count it.
        guard isOpen else { return }
        port?.send(bytes, segment: segment, of: self)
    }

    /// Sends the source back what is being received: during ``received(_:segment:)`` alone.
    public final func answerWithSame() {
        if let arriving { port?.returnCurrent(arriving.index, to: self) }
    }

    /// Does not answer what was received, since the answer may be what somebody wants who only pretends to be its source.
    public final func keepQuiet(_ datagrams: Int) {
        traffic.dropped &+= UInt64(datagrams)
        port?.lose(.unanswered, UInt64(datagrams))
    }

    /// Counts datagrams that no upstream gets, and has them told of.
    ///
    /// - Parameters:
    ///   - errno: what the kernel said of the last.
    ///   - kind: what the upstream's socket is.
    public final func lose(_ datagrams: Int, errno: CInt, to kind: SocketKind) {
        guard datagrams > 0 else { return }
        traffic.dropped &+= UInt64(datagrams)
        port?.lose(.undelivered(errno, kind), UInt64(datagrams))
    }

    /// Counts datagrams of an upstream for which its socket had no room, and has them told of.
    public final func loseUnread(_ datagrams: Int) {
        traffic.dropped &+= UInt64(datagrams)
        port?.lose(.overflow, UInt64(datagrams))
    }

    /// Counts answers that cannot be sent to the source, and has them told of.
    ///
    /// - Parameter errno: what the kernel would have said.
    public final func loseAnswers(_ datagrams: Int, errno: CInt) {
        traffic.dropped &+= UInt64(datagrams)
        port?.lose(.unsent(errno), UInt64(datagrams))
    }

    /// What became of answers.
    final func sent(_ result: DatagramResult) {
        traffic.sent &+= UInt64(result.datagrams)
        traffic.dropped &+= UInt64(result.lost)
        bytesOut &+= UInt64(result.bytes)
        if result.datagrams > 0, answersKeepAlive { lastActivity = lane.now }
        if result.lost > 0 { answersLost(result.errno) }
    }

    open override func snapshot() -> SessionSnapshot { SessionSnapshot(datagrams: traffic) }

    /// Ends the flow now. What it has answered before still goes, and counts.
    public final override func close(_ reason: CloseReason, by party: CloseParty, errno: CInt = 0) {
        guard isOpen else { return }
        port?.flush()
        // What has come behind that which ends the flow.
        if let arriving { port?.abandon(arriving.index + 1..<arriving.end, of: self) }
        super.close(reason, by: party, errno: errno)
        port?.forget(self)
        port = nil
    }
}
