// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import Reactor
import Records

/// A member's connection.
///
/// What a member writes is done line by line, as much as is fair in one turn; the rest of a read waits for the next turn.
/// It also waits while the member has not taken an answer to what it asked, so that nobody can ask for more than it reads.
/// What others say does not stop it: that is bounded by the queue after which it is dropped.
final class ChatWorker: Worker {
    private let service: ChatService

    /// Its number in the room; nil before it came in.
    private(set) var member: MemberID?

    /// Up to where in the room's log it was sent everything.
    var heard = 0

    /// Whether an answer to this member is held until it reads.
    var awaitsReader = false

    /// Whether nothing more is for it, because it did not read what there was.
    var isDropped = false

    private var assembler = LineAssembler()

    /// What was read and not done yet, and where to go on in it. Nothing is read while there is any.
    private var pending: [UInt8] = []
    private var pendingStart = 0

    /// Whether the client's end was read, and is handled in a later turn.
    private var isEnding = false

    init(_ seed: consuming Seed, lane: Lane, service: ChatService) {
        self.service = service
        super.init(seed, lane: lane)
    }

    // MARK: - What the lane says

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
        // The last line may have no end. It counts as the others do, so that many ends in one turn stay bounded.
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

    // MARK: - What the room says

    /// Sends lines.
    ///
    /// - Returns: how many messages that were.
    func deliver(_ lines: Span<UInt8>) -> Int {
        if identity.kind.isByteStream {
            // unsafe: bytes have no padding.
            _ = unsafe send(lines.bytes)
            return 1
        }
        // Whoever reads messages may have no room for more than a line.
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

    /// Does what the member wrote, as much of it as is fair.
    ///
    /// - Returns: how many bytes were done.
    private func take(_ input: Span<UInt8>) -> Int {
        guard let member else { return input.count }
        var position = 0
        while position < input.count, !service.hasDoneEnough, service.isMember(member) {
            assembler.next(in: input, at: &position) { service.accept($0, $1, from: member) }
        }
        // The end of a message is the end of a line.
        if !identity.kind.isByteStream, position == input.count {
            assembler.finish { service.accept($0, $1, from: member) }
        }
        service.deliver()
        return isServing ? position : input.count
    }

    private func takePending() {
        guard !pending.isEmpty else { return }
        // A copy of the reference, so that nothing that the taking does can move the bytes under the span.
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
