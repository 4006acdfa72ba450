// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
public import Reactor

/// A flow of a service that answers every datagram.
///
/// The source of a datagram may be forged, so that the answer goes to another host. So a datagram is not answered that claims
/// to come from a port of a service that would answer in turn, without end; that went to many, each of which would answer;
/// or that claims to come from a datagram socket of this daemon.
///
/// Datagrams that repeat answers are answered at a limited rate: ``ReturnedAnswers``.
open class AnsweringFlow: Flow {
    /// The ports below 1024 of services that answer whatever comes: IANA's registry of service names.
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

    /// Answers what may be answered: ``respond(_:segment:count:isWhole:)``.
    public final override func received(_ bytes: RawSpan, segment: Int) {
        let count = segment == 0 ? 1 : (bytes.byteCount + segment - 1) / segment
        guard mayAnswer else { return keepQuiet(count) }
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
                keepQuiet(1)
            }
        }
    }

    /// Sends the source a datagram.
    public final func answerOnce(_ bytes: RawSpan) {
        returned.note(bytes, segment: 0)
        answer(bytes)
    }

    /// Sends the source back a datagram, or several of one length.
    ///
    /// - Parameter isWhole: whether that is all of what is being received.
    public final func answerWithSame(_ bytes: RawSpan, segment: Int, isWhole: Bool) {
        returned.note(bytes, segment: segment)
        if isWhole { answerWithSame() } else { answer(bytes, segment: segment) }
    }

    /// Answers a datagram, or several of one length.
    ///
    /// - Parameter isWhole: whether that is all of what is being received.
    open func respond(_ bytes: RawSpan, segment: Int, count: Int, isWhole: Bool) {}

    /// Whether an answer could harm nobody but who asked.
    ///
    /// - Parameters:
    ///   - local: the address that was written to.
    ///   - isToMany: whether that is a broadcast address or a group.
    static func mayAnswer(_ peer: SocketAddress, at local: SocketAddress, isToMany: Bool) -> Bool {
        // Who has no name cannot be sent anything.
        guard !isToMany, !peer.isMulticast, peer != .unnamed else { return false }
        guard let port = peer.port else { return true }
        // From the port of this very service: on another host, usherd may listen as it does here.
        return !answeringPorts.contains(port) && port != local.port && peer != .ipv4(.broadcast, port: port)
    }
}
