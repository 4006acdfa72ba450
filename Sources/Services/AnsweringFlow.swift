// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Reactor

/// A flow of a service that answers every datagram.
///
/// What comes back as it was answered is held back after a while: ``ReturnedAnswers``. Who sends a datagram may pretend to be somebody else, so that the answer goes to that one. So nothing is answered that
/// claims to come from a port of a service which would answer in turn, and go on for ever; that went to many, of whom each
/// would answer; or that claims to come from a datagram socket of our own.
class AnsweringFlow: Flow {
    /// The ports below 1024 of services that answer whatever comes: IANA's registry of service names.
    private static let answeringPorts: Set<UInt16> = [
        0, 7, 11, 13, 17, 19, 37, 53, 69, 111, 123, 137, 138, 161, 389, 427, 464, 500, 517, 518, 520, 623,
    ]

    private final let mayAnswer: Bool
    private final var returned = ReturnedAnswers()

    override init(flow arrival: FlowArrival, lane: Lane) {
        mayAnswer = arrival.mayBeAnswered(on: lane)
        super.init(flow: arrival, lane: lane)
    }

    final override func received(_ bytes: RawSpan, segment: Int) {
        let count = segment == 0 ? 1 : (bytes.byteCount + segment - 1) / segment
        guard mayAnswer, returned.mayAnswer(bytes, count: count, at: lane.now) else { return keepQuiet(count) }
        respond(bytes, segment: segment, count: count)
    }

    /// Sends the source a datagram.
    final func answerOnce(_ bytes: RawSpan) {
        returned.note(bytes)
        answer(bytes)
    }

    /// Sends the source back what is being received.
    final func answerWithSame(_ bytes: RawSpan) {
        returned.note(bytes)
        answerWithSame()
    }

    /// Answers a datagram, or several of one length.
    func respond(_ bytes: RawSpan, segment: Int, count: Int) {}

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
