// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
public import Reactor

/// A flow of a service that answers every datagram.
///
/// The source of a datagram may be forged, so that the answer goes to another host. So a datagram gets no answer if its
/// source port belongs to a service that would answer in turn, without end; if it was sent to a broadcast address or a
/// group, where each receiver would answer; or if its source is a datagram socket of this daemon.
///
/// Datagrams that repeat answers are answered at a limited rate: ``ReturnedAnswers``.
open class AnsweringFlow: Flow {
    /// The ports below 1024 of services that answer any datagram: IANA's registry of service names.
    private static let answeringPorts: Set<UInt16> = [
        0, 7, 11, 13, 17, 19, 37, 53, 69, 111, 123, 137, 138, 161, 389, 427, 464, 500, 517, 518, 520, 623,
    ]

    private final let mayAnswer: Bool
    private final var returned = ReturnedAnswers()

    /// Makes the flow of a source.
    public override init(flow seed: FlowSeed, lane: Lane) {
        mayAnswer = seed.mayBeAnswered(on: lane)
        super.init(flow: seed, lane: lane)
    }

    /// Passes the datagrams that may be answered to ``respond(_:segment:count:isWhole:)``.
    public final override func received(_ bytes: RawSpan, segment: Int) {
        let count = segment == 0 ? 1 : (bytes.byteCount + segment - 1) / segment
        guard mayAnswer else { return dropUnanswered(count) }
        let repeats = returned.repeats(in: bytes, segment: segment)
        guard !returned.mayAnswer(repeats, at: lane.now) else {
            return respond(bytes, segment: segment, count: count, isWhole: true)
        }
        for index in 0..<count {
            let start = index * segment
            let end = segment == 0 ? bytes.byteCount : min(start + segment, bytes.byteCount)
            let part = bytes.extracting(start..<end)
            if returned.mayAnswer(returned.repeats(in: part, segment: 0), at: lane.now) {
                respond(part, segment: 0, count: 1, isWhole: count == 1)
            } else {
                dropUnanswered(1)
            }
        }
    }

    /// Sends a datagram to the source.
    public final func answerOnce(_ bytes: RawSpan) {
        returned.note(bytes, segment: 0)
        answer(bytes)
    }

    /// Sends a datagram back to the source, or several of one length.
    ///
    /// - Parameter isWhole: whether `bytes` is all of the batch that is being received.
    public final func answerWithSame(_ bytes: RawSpan, segment: Int, isWhole: Bool) {
        returned.note(bytes, segment: segment)
        if isWhole { answerWithSame() } else { answer(bytes, segment: segment) }
    }

    /// Answers a datagram, or several of one length.
    ///
    /// - Parameter isWhole: whether `bytes` is all of the batch that is being received.
    open func respond(_ bytes: RawSpan, segment: Int, count: Int, isWhole: Bool) {}

    /// Whether an answer can reach only the sender of the datagram, not a victim of a forged source.
    ///
    /// - Parameters:
    ///   - local: the destination address of the datagram.
    ///   - isBroadcastOrMulticast: whether that is a broadcast address or a group.
    static func mayAnswer(_ peer: SocketAddress, at local: SocketAddress, isBroadcastOrMulticast: Bool) -> Bool {
        // Nothing can be sent to a Unix socket without an address.
        guard !isBroadcastOrMulticast, !peer.isMulticast, peer != .unnamed else { return false }
        guard let port = peer.port else { return true }
        // A source port equal to the listener's own: another usherd may run the same service there.
        return !answeringPorts.contains(port) && port != local.port && peer != .ipv4(.broadcast, port: port)
    }
}
