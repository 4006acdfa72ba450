// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem
import Reactor
import Records

/// A member that uses datagrams.
///
/// Each datagram from the member has one or more lines, each datagram to the member has one.
///
/// A datagram can have a forged source, and the host with that address would then be sent the lines of the room. So a source
/// joins only after it has sent back a token that was sent to it (``JoinToken``). Before that it gets at most one short line
/// a second, and only in answer to a datagram. The kernel guarantees the source of a Unix datagram, so such a source joins
/// at once. A member stays only while it sends something from time to time (``ChatPatience``).
///
/// Datagrams have no flow control, so a member cannot be slowed down. Lines above an allowance are dropped and counted.
final class ChatFlow: Flow {
    /// The rate of lines from a member, in bytes as the others receive them.
    private static let inputRate = (perSecond: UInt64(16 << 10), burst: UInt64(64 << 10))

    /// The rate of lines to a member: a share that a link in use can carry (RFC 8085, 3.1.3).
    private static let outputRate = (perSecond: UInt64(64 << 10), burst: UInt64(ChatService.longestQueue))

    /// The size of the IPv4 and UDP headers of a line.
    private static let headers = 28

    /// About the length that the sender's name adds to a line.
    private static let nameInLine = 32

    private let service: ChatService

    private let mayAnswer: Bool

    /// Whether the kernel reported that the Unix socket of the source is closed.
    private var isSocketClosed = false

    /// Its number in the room; nil before it joined.
    private(set) var member: MemberID?

    /// The log position up to which it was sent everything.
    var heard = 0

    private let token = JoinToken()

    private var inputAllowance = Allowance(perSecond: ChatFlow.inputRate.perSecond, burst: ChatFlow.inputRate.burst)

    private var outputAllowance = Allowance(perSecond: ChatFlow.outputRate.perSecond, burst: ChatFlow.outputRate.burst)

    /// The rate of notices to the source, which are not lines of the room: one a second.
    private var notices = Allowance(perSecond: 1, burst: 1)

    init(flow seed: FlowSeed, lane: Lane, service: ChatService) {
        self.service = service
        mayAnswer = seed.mayBeAnswered(on: lane)
        super.init(flow: seed, lane: lane)
    }

    // MARK: - Events from the lane

    override var answersKeepAlive: Bool { false }

    override func start() {
        guard identity.kind.isUnix, mayAnswer else {
            ownDeadline = identity.accepted + service.patience.outside
            return
        }
        enterRoom()
        service.deliver()
    }

    override func received(_ bytes: RawSpan, segment: Int) {
        let count = segment == 0 ? 1 : (bytes.byteCount + segment - 1) / segment
        guard mayAnswer else { return dropUnanswered(count) }
        let input = Span<UInt8>(_bytes: bytes)
        var start = 0
        while start < input.count {
            let end = segment == 0 ? input.count : min(start + segment, input.count)
            take(input.extracting(start..<end))
            start = end
        }
        service.deliver()
    }

    /// Closes the flow when its Unix socket is closed. For other families an error does not prove that the source is gone.
    override func answersLost(_ errno: CInt) {
        guard identity.kind.isUnix, errno == ECONNREFUSED || errno == ENOENT else { return }
        isSocketClosed = true
        ownDeadline = lane.now
    }

    override func deadlineReached() {
        if isSocketClosed { return close(.clientClosed, by: .client) }
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

    // MARK: - Output from the room

    /// Sends lines, each as a datagram.
    ///
    /// - Returns: how many lines there were.
    func deliver(_ lines: Span<UInt8>) -> Int {
        var start = 0
        var count = 0
        for index in 0..<lines.count where lines[index] == UInt8(ascii: "\n") {
            let line = lines.extracting(start..<index + 1)
            if outputAllowance.take(line.count + Self.headers, at: lane.now) {
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

    // MARK: - Input from the source

    /// Processes the lines of a datagram.
    private func take(_ datagram: Span<UInt8>) {
        var position = 0
        while position < datagram.count {
            LineAssembler.next(ofMessage: datagram, at: &position) { kind, line in
                if let member { processLine(kind, line, member) } else { acceptToken(kind, line) }
            }
        }
        guard member == nil else { return }
        // Lines of a source that has not joined are not delivered.
        traffic.dropped &+= 1
        sendNotice { token.appendInvitation(to: &$0) }
    }

    private func processLine(_ kind: LineAssembler.Line, _ line: Span<UInt8>, _ member: MemberID) {
        guard inputAllowance.take(line.count + Self.nameInLine, at: lane.now) else {
            traffic.dropped &+= 1
            return sendNotice { $0.append("* You write too fast. Some of your lines were dropped.\n") }
        }
        guard !service.isFull else {
            traffic.dropped &+= 1
            return sendNotice { $0.append("* The room is too busy. Some of your lines were dropped.\n") }
        }
        service.accept(kind, line, from: member)
    }

    private func acceptToken(_ kind: LineAssembler.Line, _ line: Span<UInt8>) {
        guard kind == .text, case .join(let word) = ChatCommand(line), token.matches(word) else { return }
        enterRoom()
    }

    private func enterRoom() {
        member = service.join(self)
        ownDeadline = lane.now + service.patience.silence
    }

    private func sendNotice(_ write: (inout [UInt8]) -> Void) {
        guard notices.take(1, at: lane.now) else { return }
        var line: [UInt8] = []
        write(&line)
        // unsafe: as above.
        unsafe answer(line.span.bytes)
    }
}
