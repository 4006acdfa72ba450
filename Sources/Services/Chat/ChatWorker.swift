// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import Reactor
import Records

/// A member's connection.
///
/// Input is processed line by line, as much as is fair in one turn; the rest of a read waits for the next turn. It also
/// waits while an answer to the member is queued, so a member cannot request more than it reads. Lines of others do not stop
/// its input: they are bounded by the queue limit, above which the member is dropped.
final class ChatWorker: Worker {
    private let service: ChatService

    /// Its number in the room; nil before it joined.
    private(set) var member: MemberID?

    /// The log position up to which it was sent everything.
    var heard = 0

    /// Whether an answer is queued because the member has not read it.
    var awaitsReader = false

    /// Whether the member is being dropped because it did not read; only answers are still sent.
    var isDropped = false

    private var assembler = LineAssembler()

    /// Bytes that were read but not processed, and the offset to continue at. Reading pauses while there are any.
    private var pending: [UInt8] = []
    private var pendingStart = 0

    /// Whether EOF was read but is handled in a later turn.
    private var isEnding = false

    init(_ seed: consuming Seed, lane: Lane, service: ChatService) {
        self.service = service
        super.init(seed, lane: lane)
    }

    // MARK: - Events from the lane

    override var readsWhileHolding: Bool { !awaitsReader && pending.isEmpty }

    override func start() {
        member = service.join(self)
        service.deliver()
    }

    override func received(_ count: Int) {
        let done = lane.input.withBytes(count) { take(Span(_bytes: $0)) }
        if done < count {
            lane.input.withBytes(count) { pending.append(contentsOf: Span(_bytes: $0).extracting(droppingFirst: done)) }
        }
        requestRest()
    }

    override func turn() {
        takePending()
        if isEnding { inputEnded() }
    }

    override func outputSent() {
        awaitsReader = false
        takePending()
    }

    override func inputEnded() {
        guard let member else { return finish(.clientClosed, by: .client) }
        // The last line may lack a line feed. It counts against the turn, so that EOF of many members at once stays bounded.
        isEnding = service.hasDoneEnough
        guard !isEnding else { return requestTurn() }
        assembler.finish { service.accept($0, $1, from: member) }
        service.finish(member)
    }

    override func stop(_ reason: CloseReason, by party: CloseParty) {
        guard let member else { return close(reason, by: party) }
        service.stop(member, reason, by: party)
    }

    override func ended(_ reason: CloseReason) {
        pending = []
        if let member { service.closed(member) }
    }

    // MARK: - Output from the room

    /// Sends lines.
    ///
    /// - Returns: how many messages it sent.
    func deliver(_ lines: Span<UInt8>) -> Int {
        if identity.kind.isByteStream {
            // unsafe: bytes have no padding.
            _ = unsafe send(lines.bytes)
            return 1
        }
        // On a SEQPACKET socket each message is one line: a receiver with a small buffer would lose the rest of a longer
        // one.
        var start = 0
        var count = 0
        for index in 0..<lines.count where lines[index] == UInt8(ascii: "\n") {
            // unsafe: as above.
            _ = unsafe send(lines.extracting(start..<index + 1).bytes)
            start = index + 1
            count += 1
        }
        return count
    }

    // MARK: - Lines

    /// Processes input of the member, as much as is fair.
    ///
    /// - Returns: how many bytes were processed.
    private func take(_ input: Span<UInt8>) -> Int {
        guard let member else { return input.count }
        var position = 0
        while position < input.count, !service.hasDoneEnough, service.isMember(member) {
            assembler.next(in: input, at: &position) { service.accept($0, $1, from: member) }
        }
        // The end of a message ends the line.
        if !identity.kind.isByteStream, position == input.count {
            assembler.finish { service.accept($0, $1, from: member) }
        }
        service.deliver()
        return isServing ? position : input.count
    }

    private func takePending() {
        guard !pending.isEmpty else { return }
        // A second reference to the array: `take` may change `pending`, and the span must stay valid.
        let bytes = pending
        pendingStart += take(bytes.span.extracting(droppingFirst: pendingStart))
        if pendingStart >= pending.count || !isServing {
            pending = []
            pendingStart = 0
        }
        requestRest()
    }

    private func requestRest() {
        if !pending.isEmpty, !awaitsReader { requestTurn() }
    }
}
