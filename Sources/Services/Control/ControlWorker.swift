// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import ControlProtocol
import Glibc
import LinuxSystem
import Reactor
import Records

/// A client of the control socket.
///
/// Calls are answered strictly in their order, one at a time: https://varlink.org/Method-Call. The next one is read only when
/// the last reply was taken, so a client that does not read gets no further, and is closed after a minute.
///
/// Concurrency: as ``Reactor/Worker``. The supervisor and the data lanes reach it through a ``ControlCaller``.
final class ControlWorker: Worker {
    /// The call that is being answered.
    enum Activity {
        /// None.
        case none
        /// The supervisor is asked for its part.
        case asking
        /// Waits for room to visit, or for the next slice of a lane.
        case visiting(Visit)
        /// The list is being sent.
        case listing(rest: ArraySlice<SessionSample>, count: Int)
        /// Records are sent as they are made, until the client has gone.
        case following(RecordSubscription, RecordSubscription.Form)
        /// The history is being sent.
        case recalling(Recall)
    }

    /// A visit of all lanes.
    struct Visit {
        /// What it is for.
        enum Purpose {
            /// A list of at most so many.
            case list(SessionFilter, ConnectionOrder, limit: Int)
            /// Closing, or counting what would be closed.
            case close(SessionFilter, isDryRun: Bool)
            /// The bytes of open connections, which the supervisor does not know.
            case status(ControlResults.Status, identifiers: [Int])
            /// A close look at the connection with this number.
            case show(UInt64)
        }

        let purpose: Purpose
        var lane = 0
        var cursor = 0
        var found = SessionSlice()

        init(for purpose: Purpose) { self.purpose = purpose }

        /// What is done on each lane.
        var visit: SessionVisit {
            switch purpose {
            case .list(let filter, let order, _): .list(filter, withRTT: order == .rtt)
            case .close(let filter, let isDryRun): .close(filter, isDryRun: isDryRun)
            case .status: .sum
            case .show(let number): .show(number)
            }
        }
    }

    let service: ControlService

    /// The number of the step that is waited for. What answers an earlier one comes too late.
    private(set) var step = 0

    var activity = Activity.none

    /// Whether the call that is being answered is a drain, which may take hours.
    var awaitsDrain = false

    /// The call that is being answered takes no reply, or several.
    private var isOneway = false
    private var takesMore = false

    private var splitter = MessageSplitter(limit: MessageSplitter.longestCall)
    private var hasEnded = false
    private var hasEntered = false

    /// When the call that is not complete began; nil if there is none.
    private var callBegan: UInt64?

    /// Why the connection is to end once the call is answered.
    private var stopping: (reason: CloseReason, party: CloseParty)?

    /// How many calls are answered in one turn.
    private static let callsPerTurn = 16

    /// How long a client may leave a reply unread, or take for a call, in nanoseconds.
    private static let patience: UInt64 = 60_000_000_000

    /// How long a client may ask nothing, in nanoseconds.
    private static let idleTime: UInt64 = 600_000_000_000

    /// How long the last call may take once the socket is closed, in nanoseconds.
    private static let stopTime: UInt64 = 5_000_000_000

    init(_ seed: consuming Seed, lane: Lane, service: ControlService) {
        self.service = service
        super.init(seed, lane: lane)
    }

    // MARK: - What the lane calls

    override func admit() -> Refusal? {
        service.hasRoomForOthers || mayOperate ? nil : .listenerLimit(ControlService.mostOthers)
    }

    override func start() {
        hasEntered = true
        service.enter()
        ownDeadline = lane.now &+ Self.patience
    }

    override func ended(_ reason: CloseReason) {
        endSubscription()
        if hasEntered { service.leave(self) }
    }

    override var readsWhileHolding: Bool { true }

    override func received(_ count: Int) {
        var bytes: [UInt8] = []
        lane.input.withBytes(count) { bytes.append(contentsOf: Span(_bytes: $0)) }
        do throws(MessageSplitter.TooLong) {
            try splitter.append(bytes)
        } catch {
            return close(.messageTooLong, by: .daemon)
        }
        proceed()
    }

    override func inputEnded() {
        hasEnded = true
        // The supervisor continues. A client that only shut down its writing side gets the reply.
        if awaitsDrain, hasHungUp { return close(.clientClosed, by: .client) }
        proceed()
    }

    override func outputSent() {
        ownDeadline = lane.now &+ Self.idleTime
        proceed()
    }

    override func turn() { proceed() }

    override func stop(_ reason: CloseReason, by party: CloseParty) {
        switch activity {
        case .none, .following: return finish(reason, by: party)
        case .asking, .visiting, .listing, .recalling: break
        }
        stopping = (reason, party)
        ownDeadline = lane.now &+ Self.stopTime
    }

    override func deadlineReached() {
        if let stopping { return finish(stopping.reason, by: stopping.party) }
        if heldBytes > 0 { return close(.slowReader, by: .daemon) }
        switch activity {
        case .visiting(let visit): laneIsSilent(visit)
        case .none: close(.idleTimeout, by: .daemon)
        case .asking, .listing, .following, .recalling: break
        }
    }

    // MARK: - Calls

    /// Answers what there is, as far as the client takes it.
    private func proceed() {
        var left = Self.callsPerTurn
        while isServing, heldBytes == 0 {
            guard left > 0 else { return requestTurn() }
            left -= 1
            switch activity {
            case .none:
                service.endVisit(of: self)
                if let stopping { return finish(stopping.reason, by: stopping.party) }
                guard let message = splitter.next() else {
                    if hasEnded { return finish(.clientClosed, by: .client) }
                    // From its first byte on, so that one byte now and then does not hold the place for ever.
                    callBegan = splitter.pendingBytes > 0 ? callBegan ?? lane.now : nil
                    ownDeadline = callBegan.map { $0 &+ Self.patience } ?? lane.now &+ Self.idleTime
                    return
                }
                callBegan = nil
                ownDeadline = nil
                answer(message)
            case .listing(let rest, let count): sendPart(of: rest, count)
            case .recalling(let recall): sendPart(of: recall)
            case .following(let subscription, let form):
                guard !hasEnded else { return finish(.clientClosed, by: .client) }
                if sendRecords(of: subscription, as: form) { continue }
                // There may be nothing to send for days.
                ownDeadline = nil
                return
            case .asking, .visiting: return
            }
        }
    }

    private func answer(_ message: ArraySlice<UInt8>) {
        (isOneway, takesMore, awaitsDrain) = (false, false, false)
        do throws(VarlinkCall.Mistake) {
            let call = try VarlinkCall(message)
            isOneway = call.oneway
            takesMore = call.more
            do throws(VarlinkError) {
                try perform(call)
            } catch {
                fail(error)
            }
        } catch {
            // The text ends where it says, so the next call can be read.
            guard error != .notASCII else { return fail(.invalidParameter("parameters")) }
            // Nobody knows what would follow.
            close(.error, by: .daemon)
        }
    }

    /// Whether the client takes several replies.
    var repliesInParts: Bool { takesMore && !isOneway }

    /// Sends a reply, the last of its call unless it continues.
    func reply(_ parameters: some Encodable, continues: Bool = false) {
        if !continues { activity = .none }
        guard !isOneway else { return }
        transmit(VarlinkReply.bytes(parameters, continues: continues))
    }

    /// Answers the call with an error.
    func fail(_ error: VarlinkError) {
        activity = .none
        guard !isOneway else { return }
        transmit(VarlinkReply.bytes(of: error))
    }

    /// Sends a reply whose parameters are JSON already.
    func reply(continues: Bool, parameters: (inout [UInt8]) -> Void) {
        guard !isOneway else { return }
        transmit(VarlinkReply.bytes(continues: continues, parameters: parameters))
    }

    /// Called by a subscription once there are records.
    func recordsCame() { proceed() }

    /// Makes the next step one that other threads may answer.
    func makeCaller() -> ControlCaller {
        step &+= 1
        return ControlCaller(self, step: step)
    }

    func transmit(_ bytes: [UInt8]) {
        ownDeadline = send(bytes) == .held ? lane.now &+ Self.patience : nil
        if service.isCrowded, service.isVisiting(self) { hurry() }
    }

    /// Gives the client less time to read its list, since others wait until it has.
    func hurry() {
        guard heldBytes > 0 else { return }
        ownDeadline = min(ownDeadline ?? .max, lane.now &+ service.crowdedTime)
    }

    /// Whether the client has closed its socket.
    private var hasHungUp: Bool {
        var entries = [Poll.Entry(raw: client.raw, wanted: 0)]
        try? Poll.wait(&entries, until: 0)
        return entries[0].found & POLLHUP != 0
    }

    /// Whether the client may change something.
    private var mayOperate: Bool {
        service.operators.include(identity.credentials) { (try? PeerCredentials.groups(of: client.raw)) ?? [] }
    }

    /// How many characters of what was asked for a record has.
    private static let longestRequest = 300

    /// Throws unless the client may change something; writes a record of it if it may.
    func expectOperator(for what: String) throws(VarlinkError) {
        guard mayOperate, let caller = identity.credentials else { throw .permissionDenied }
        let isLong = what.utf8.count > Self.longestRequest
        lane.write(.operated(isLong ? "\(what.prefix(Self.longestRequest))…" : what, by: caller))
    }

    // MARK: - The supervisor's part

    /// Has the supervisor carry out a part of the call.
    func ask(_ work: ControlRequest.Work) {
        activity = .asking
        step &+= 1
        service.plane.submit(ControlRequest(work, from: ControlCaller(self, step: step)))
    }

    /// Called with the outcome of ``ask(_:)``.
    func finished(_ outcome: ControlRequest.Outcome) {
        switch outcome {
        case .done: reply(VarlinkReply.Empty())
        case .drained(let result): reply(result)
        case .counted(let count): reply(ControlResults.Count(count: count))
        case .failed(let error): fail(error)
        case .config(let configuration, let listener):
            reply(ControlResults.Config(settings: configuration.settings(of: listener).map(Setting.init)))
        case .explanation(let result): reply(result)
        case .plan(let plan, let old, let new): reply(plan.completed(from: old, to: new))
        case .status(let status, let identifiers): begin(Visit(for: .status(status, identifiers: identifiers)))
        }
        proceed()
    }

    // MARK: - Visits of the lanes

    /// Begins to visit the connections of all lanes, as soon as there is room.
    func begin(_ visit: Visit) {
        activity = .visiting(visit)
        service.beginVisit(of: self)
    }

    /// Visits the next slots.
    func visit() {
        guard case .visiting(let visit) = activity else { return }
        step &+= 1
        let caller = ControlCaller(self, step: step)
        let (kind, cursor) = (visit.visit, visit.cursor)
        ownDeadline = lane.now &+ service.laneTime
        service.plane.dataLanes[visit.lane].perform { lane in
            let slice = kind.run(on: lane, from: cursor)
            caller.perform { $0.visited(slice) }
        }
    }

    private func visited(_ slice: SessionSlice) {
        guard case .visiting(var visit) = activity else { return }
        // Empty while it grows, so that nothing is copied.
        activity = .asking
        visit.found.samples += slice.samples
        visit.found.count += slice.count
        for (listener, bytes) in slice.traffic {
            visit.found.traffic[listener, default: .init()].received &+= bytes.received
            visit.found.traffic[listener, default: .init()].sent &+= bytes.sent
        }
        if let detail = slice.detail {
            visit.found.detail = detail
            return end(visit)
        }
        if let next = slice.next {
            visit.cursor = next
            activity = .visiting(visit)
            return self.visit()
        }
        visitNextLane(visit)
    }

    private func visitNextLane(_ visit: consuming Visit) {
        visit.lane += 1
        visit.cursor = 0
        guard visit.lane >= service.plane.dataLanes.count else {
            activity = .visiting(visit)
            return self.visit()
        }
        end(visit)
    }

    private func end(_ visit: Visit) {
        ownDeadline = nil
        conclude(visit)
        proceed()
    }

    /// A lane that hangs answers nothing. The status tells more without it than not at all.
    private func laneIsSilent(_ visit: Visit) {
        step &+= 1
        if case .status = visit.purpose { return visitNextLane(visit) }
        fail(.laneSilent(service.plane.dataLanes[visit.lane].number))
        proceed()
    }
}
