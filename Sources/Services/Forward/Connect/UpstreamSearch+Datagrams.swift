// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem
import Reactor
import Records
import Relaying

/// Datagram upstreams: connect(2) succeeds at once, and only an answer or a refusal shows whether an address is served.
/// Until then the search can continue.
extension UpstreamSearch {
    /// The state of an upstream that has not answered.
    struct Silence {
        /// When to move on to the next address; `UInt64.max` for never.
        var deadline = UInt64.max

        /// How many messages were sent to the first address that did not answer.
        var sentToFirst = 0

        /// Whether an address has answered, and whether the session ends because the connected one has refused.
        var hasAnswered = false
        var wasRefused = false
    }

    /// Keeps a copy of a message for another upstream, until an upstream has answered.
    ///
    /// The message is one that the connected upstream is sent, or one that waits for an upstream.
    ///
    /// - Returns: false if it cannot wait: the limit is reached and no upstream is connected.
    @discardableResult
    func keep(_ message: RawSpan) -> Bool {
        guard unanswered.isWhole else { return true }
        guard connected != nil || unanswered.hasRoom(for: message) else { return false }
        unanswered.note(message)
        awaitAnswer()
        return true
    }

    /// The kept messages that the connected address was not sent yet.
    var unsent: ArraySlice<[UInt8]> {
        unanswered.messages.dropFirst(race.hasReturnedToFirstSilent ? silence.sentToFirst : 0)
    }

    /// Notes that the upstream has answered: for datagrams the only proof that it is there.
    func answered() {
        guard !silence.hasAnswered, let connected, connected.stream.kind.isDatagram else { return }
        silence.hasAnswered = true
        silence.deadline = .max
        unanswered.forget()
        if addresses.count > 1 { memberPreference { $0.answered(connected.address) } }
        noteSuccess()
    }

    /// Starts to wait for an answer after a message was sent, if another address could be tried.
    func awaitAnswer() {
        guard !silence.hasAnswered, silence.deadline == .max, let connected, connected.stream.kind.isDatagram,
            race.canReplaceSilentWinner
        else { return }
        var movesOnWhenSilent = false
        memberPreference { movesOnWhenSilent = $0.movesOnWhenSilent }
        guard movesOnWhenSilent else { return }
        silence.deadline = lane.now + Upstream.timeForAnswer
        owner?.searchDeadlineChanged()
    }

    /// Whether the search can continue although a socket is connected.
    ///
    /// It can while everything sent is kept and nothing was answered. After an answer the upstream may have state about the
    /// client that no other upstream has.
    var canContinue: Bool { unanswered.isWhole }

    /// Moves to the next address or upstream after the connected one refused.
    ///
    /// Also if this host cannot send to the connected one.
    ///
    /// Only while ``canContinue``.
    func refused(errno: CInt, _ party: FaultParty) {
        guard let socket = connected else { return }
        memberPreference { $0.refused(socket.address, among: addresses) }
        leave(socket)
        act(race.winnerFailed(errno: errno, party: party))
        owner?.searchDeadlineChanged()
    }

    /// Moves to the next address after the connected one did not answer in time.
    ///
    /// After the last address it goes back to the first that was silent.
    func replaceSilent() {
        silence.deadline = .max
        guard canContinue, let socket = connected else { return }
        if !race.hasLeftSilent { silence.sentToFirst = unanswered.messages.count }
        leave(socket)
        let action = race.winnerSilent()
        if race.hasReturnedToFirstSilent { memberPreference { $0.allSilent() } }
        act(action)
        owner?.searchDeadlineChanged()
    }

    private func leave(_ socket: PeerSocket) {
        socket.close(on: lane)
        connected = nil
        owner?.upstreamWasReplaced()
        silence.deadline = .max
        deadline = lane.now + timeout
    }

    /// Notes that the connected upstream refused, and that the session ends for it.
    ///
    /// Also if this host cannot send to the upstream.
    func noteRefusal(errno: CInt, _ party: FaultParty) {
        silence.wasRefused = true
        guard party.hostFault == nil, let member, let connected else { return }
        failures.append(
            group.noteRefusal(of: member, at: connected.address, among: addresses, errno: errno, on: lane))
    }

    /// Counts a success for an upstream that never answers.
    ///
    /// It has not refused anything for ``Upstream/timeForRefusal``.
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
