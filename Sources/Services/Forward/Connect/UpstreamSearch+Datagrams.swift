// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem
import Reactor
import Records
import Relaying

/// An upstream that takes datagrams: its socket is connected at once, and only an answer or a refusal shows which address is
/// served. Until then the search can go on.
extension UpstreamSearch {
    /// What is known of an upstream that has not answered.
    struct Silence {
        /// When its address is left for the next one; `UInt64.max` for never.
        var deadline = UInt64.max

        /// How many messages the first address that was left was sent.
        var sentToFirst = 0

        /// Whether an address has answered, and whether the connected one has refused something.
        var hasAnswered = false
        var wasRefused = false
    }

    /// Keeps a copy of a message for another upstream until one has answered: one that the connected upstream is sent, or that
    /// waits for an upstream.
    ///
    /// - Returns: false if it cannot wait: too much is kept already, and no upstream is connected.
    @discardableResult
    func keep(_ message: RawSpan) -> Bool {
        guard unanswered.isWhole else { return true }
        guard connected != nil || unanswered.hasRoom(for: message) else { return false }
        unanswered.note(message)
        awaitAnswer()
        return true
    }

    /// The kept messages that the connected address was not sent yet.
    var unsent: ArraySlice<[UInt8]> { unanswered.messages.dropFirst(race.hasReturned ? silence.sentToFirst : 0) }

    /// The upstream has answered: of one that takes datagrams, nothing but this shows that it is there.
    func answered() {
        guard !silence.hasAnswered, let connected, connected.stream.kind.isDatagram else { return }
        silence.hasAnswered = true
        silence.deadline = .max
        unanswered.forget()
        if addresses.count > 1 { memberPreference { $0.answered(connected.address) } }
        noteSuccess()
    }

    /// The upstream was sent a message: from now on an answer is awaited, if there is another address to go to where none
    /// comes.
    func awaitAnswer() {
        guard !silence.hasAnswered, silence.deadline == .max, let connected, connected.stream.kind.isDatagram,
            race.mayLeaveSilent
        else { return }
        var leavesSilent = false
        memberPreference { leavesSilent = $0.leavesSilent }
        guard leavesSilent else { return }
        silence.deadline = lane.now + Upstream.timeForAnswer
        owner?.searchDeadlineChanged()
    }

    /// Whether the search can go on although it has succeeded: what the connected upstream was sent is kept, and it has
    /// answered nothing. What it knows of the client after an answer, no other upstream knows.
    var canGoOn: Bool { unanswered.isWhole }

    /// The connected upstream has refused what it was sent, or this host cannot send to it: goes on with its next address, or
    /// the next upstream. Only while it ``canGoOn``.
    func refused(errno: CInt, _ party: FaultParty) {
        guard let socket = connected else { return }
        silence.wasRefused = true
        memberPreference { $0.refused(socket.address, among: addresses) }
        leave(socket)
        act(race.winnerFailed(errno: errno, party: party))
        owner?.searchDeadlineChanged()
    }

    /// The connected upstream has not answered in time: goes on with its next address; after the last one, with the first
    /// that was silent.
    func leaveSilent() {
        silence.deadline = .max
        guard canGoOn, let socket = connected else { return }
        if !race.hasLeftSilent { silence.sentToFirst = unanswered.messages.count }
        leave(socket)
        let action = race.winnerSilent()
        if race.hasReturned { memberPreference { $0.allSilent() } }
        act(action)
        owner?.searchDeadlineChanged()
    }

    private func leave(_ socket: PeerSocket) {
        socket.close(on: lane)
        connected = nil
        owner?.upstreamWasLeft()
        silence.deadline = .max
        deadline = lane.now + timeout
    }

    /// Notes that the connected upstream refuses what it is sent, or that this host cannot send to it, and the session ends.
    func noteRefusal(errno: CInt, _ party: FaultParty) {
        silence.wasRefused = true
        guard party.hostFault == nil, let member, let connected else { return }
        failures.append(
            group.noteRefusal(of: member, at: connected.address, among: addresses, errno: errno, on: lane))
    }

    /// Of an upstream that never answers, nothing shows that it is there but that it has refused nothing for a while.
    func noteSilentSuccess() {
        guard !silence.wasRefused, let connected,
            Clock.span(from: connected.begun, to: lane.now) >= Upstream.timeForRefusal
        else { return }
        noteSuccess()
    }

    private func memberPreference(_ body: (inout AddressPreference) -> Void) {
        guard let member else { return }
        group.members[member].upstream.withPreference { body(&$0) }
    }
}
