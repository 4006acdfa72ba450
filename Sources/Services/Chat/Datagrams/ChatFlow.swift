// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem
import Reactor
import Records

/// A member that comes by datagrams: each that it sends is one line or more, each line that it is told is one.
///
/// Anybody can send a datagram in the name of somebody else, who would then be sent the talk of the room. So a source comes
/// in when it has sent back a token that was sent to it (``JoinToken``); before that it is sent one short line a second at
/// most, and only when it asks. The source of a Unix datagram is the kernel's word, so it comes in at once. And whoever is
/// in is told things only as long as something comes from it (``ChatPatience``).
///
/// No datagram waits for its receiver, so nobody can be slowed down here. What exceeds an allowance is lost and counted.
final class ChatFlow: Flow {
    /// What a member may say, in bytes as the others get it.
    private static let speech = (perSecond: UInt64(16 << 10), burst: UInt64(64 << 10))

    /// What a member is told: less than a link with anything on it has room for (RFC 8085, 3.1.3).
    private static let hearing = (perSecond: UInt64(64 << 10), burst: UInt64(ChatService.longestQueue))

    /// What the headers of IPv4 and UDP add to a line.
    private static let headers = 28

    /// About what the name of the sender adds to a line.
    private static let nameInLine = 32

    private let service: ChatService

    private let mayAnswer: Bool

    /// Whether the kernel has said that there is no such socket any more.
    private var isGone = false

    /// Its number in the room; nil before it came in.
    private(set) var member: MemberID?

    /// Up to where in the room's log it was sent everything.
    var heard = 0

    private let token = JoinToken()

    private var speech = Allowance(perSecond: ChatFlow.speech.perSecond, burst: ChatFlow.speech.burst)

    private var hearing = Allowance(perSecond: ChatFlow.hearing.perSecond, burst: ChatFlow.hearing.burst)

    /// Lines that are no part of the talk: one a second.
    private var notices = Allowance(perSecond: 1, burst: 1)

    init(flow seed: FlowSeed, lane: Lane, service: ChatService) {
        self.service = service
        mayAnswer = seed.mayBeAnswered(on: lane)
        super.init(flow: seed, lane: lane)
    }

    // MARK: - What the lane says

    override var answersKeepAlive: Bool { false }

    override func start() {
        guard identity.kind.isUnix, mayAnswer else {
            ownDeadline = identity.accepted + service.patience.outside
            return
        }
        comeIn()
        service.deliver()
    }

    override func received(_ bytes: RawSpan, segment: Int) {
        let count = segment == 0 ? 1 : (bytes.byteCount + segment - 1) / segment
        guard mayAnswer else { return keepQuiet(count) }
        let input = Span<UInt8>(_bytes: bytes)
        var start = 0
        while start < input.count {
            let end = segment == 0 ? input.count : min(start + segment, input.count)
            take(input.extracting(start..<end))
            start = end
        }
        service.deliver()
    }

    /// A Unix socket that is gone is known to be; of any other source nothing is known but that it is silent.
    override func answersLost(_ errno: CInt) {
        guard identity.kind.isUnix, errno == ECONNREFUSED || errno == ENOENT else { return }
        isGone = true
        ownDeadline = lane.now
    }

    override func deadlineReached() {
        if isGone { return close(.clientClosed, by: .client) }
        let end = lastActivity + service.patience.silence
        if member == nil || end <= lane.now { stop(.idleTimeout, by: .daemon) } else { ownDeadline = end }
    }

    override func stop(_ reason: CloseReason, by party: CloseParty) {
        guard let member else { return close(reason, by: party) }
        service.stop(member, reason, by: party)
    }

    override func ended(_ reason: CloseReason) {
        if let member { service.closed(member) }
    }

    // MARK: - What the room says

    /// Sends lines, each as a datagram.
    ///
    /// - Returns: how many that were.
    func deliver(_ lines: Span<UInt8>) -> Int {
        var start = 0
        var count = 0
        for index in 0..<lines.count where lines[index] == UInt8(ascii: "\n") {
            let line = lines.extracting(start..<index + 1)
            if hearing.take(line.count + Self.headers, at: lane.now) {
                // unsafe: bytes have no padding.
                unsafe answer(line.bytes)
            } else {
                traffic.dropped &+= 1
            }
            start = index + 1
            count += 1
        }
        return count
    }

    // MARK: - What the source says

    /// Does what is in a datagram.
    private func take(_ datagram: Span<UInt8>) {
        var position = 0
        while position < datagram.count {
            LineAssembler.next(ofMessage: datagram, at: &position) { kind, line in
                if let member { say(kind, line, member) } else { knock(kind, line) }
            }
        }
        guard member == nil else { return }
        // Whatever else it said, nobody has heard it.
        traffic.dropped &+= 1
        note { token.appendInvitation(to: &$0) }
    }

    private func say(_ kind: LineAssembler.Line, _ line: Span<UInt8>, _ member: MemberID) {
        guard speech.take(line.count + Self.nameInLine, at: lane.now) else {
            traffic.dropped &+= 1
            return note { $0.append("* You write too fast. Some of your lines were dropped.\n") }
        }
        guard !service.isFull else {
            traffic.dropped &+= 1
            return note { $0.append("* The room is too busy. Some of your lines were dropped.\n") }
        }
        service.accept(kind, line, from: member)
    }

    private func knock(_ kind: LineAssembler.Line, _ line: Span<UInt8>) {
        guard kind == .text, case .join(let word) = ChatCommand(line), token.matches(word) else { return }
        comeIn()
    }

    private func comeIn() {
        member = service.join(self)
        ownDeadline = lane.now + service.patience.silence
    }

    private func note(_ write: (inout [UInt8]) -> Void) {
        guard notices.take(1, at: lane.now) else { return }
        var line: [UInt8] = []
        write(&line)
        // unsafe: as above.
        unsafe answer(line.span.bytes)
    }
}
