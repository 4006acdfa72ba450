// SPDX-License-Identifier: Apache-2.0

public import Addresses
import Foundation
import Glibc
public import LinuxSystem
public import Policy
public import Reactor
import Records
import Synchronization

// A release build makes this module too, without the tests that use it.
#if canImport(Testing)
    import Testing
#endif

/// A lane that runs on the test's own thread, with listeners, clients and a log that can be looked at.
///
/// Nothing waits for a time: ``run(until:idleTurns:)`` lets the lane and the clients have turns until something holds, or
/// until nothing has moved for so many turns.
///
/// When the last reference goes, ``verify()`` ends everything and records an issue for each invariant that is broken.
public final class LaneHarness {
    /// The lane.
    public let lane: Lane

    /// What would be shared with other lanes.
    public let shared: LaneShared

    private let writer: RecordWriter
    private let records: RecordBuffer
    private let log: URL
    private var peers: [TestPeer] = []
    private var sockets: [ListeningSocket] = []
    private var guests: [Pollable] = []
    private var nextListener = 1

    private static let nextName = Atomic<Int>(1)

    /// Makes a lane.
    ///
    /// - Parameter changed: called when the number of connections has changed, until it is acknowledged once.
    public init(connectionLimit: Int = 10_000, changed: @escaping @Sendable () -> Void = {}) throws {
        log = FileManager.default.temporaryDirectory.appending(path: "usher-lane-\(UUID()).log")
        writer = try RecordWriter(
            RecordSettings(destinations: [.file(path: log.path)], format: .json, level: .debug))
        records = writer.makeBuffer()
        shared = LaneShared(connectionLimit: connectionLimit, changed: changed)
        let handle = try LaneHandle(number: 0)
        lane = try Lane(handle: handle, peers: [handle], shared: shared, records: records)
        lane.filters = TestFilter.filters
    }

    deinit {
        verify()
        try? FileManager.default.removeItem(at: log)
    }

    /// How many connections the lane has.
    public var connections: Int { lane.handle.connections.value }

    // MARK: - Listeners and clients

    /// Opens a listener on one socket of each kind: IPv4 on a port that the kernel chooses, or an abstract Unix name.
    ///
    /// - Parameter change: changes the listener's plan, which has no limits: flows have no idle-timeout either.
    @discardableResult
    public func listen(
        _ kinds: [SocketKind] = [.tcp], service: @escaping @Sendable () -> any Service,
        plan change: (inout ListenerPlan) -> Void = { _ in }
    ) throws -> [ListeningSocket] {
        let sockets = try kinds.map { kind in
            let address: SocketAddress
            if kind == .tcp || kind == .udp {
                address = .ipv4(.loopback, port: 0)
            } else {
                let number = Self.nextName.wrappingAdd(1, ordering: .relaxed).oldValue
                address = .abstract(name: Array("usher-lane-\(getpid())-\(number)".utf8))
            }
            return try ListeningSocket(kind: kind, address: address, dualStack: false, options: ListeningOptions())
        }
        var plan = ListenerPlan()
        plan.flowIdleTimeout = nil
        change(&plan)
        let listener = ListenerInForce(nextListener, plan, sharesOneLane: true, makeService: service)
        nextListener += 1
        lane.open(listener, sockets: sockets)
        self.sockets += sockets
        return sockets
    }

    /// Connects a client, which moves its bytes whenever the lane had a turn.
    public func connect(to socket: ListeningSocket, receiveBuffer: Int? = nil) throws -> TestPeer {
        let peer = try TestPeer(to: socket, receiveBuffer: receiveBuffer, isFiltered: TestFilter.ofClients)
        peers.append(peer)
        return peer
    }

    /// Gives a pollable of the test's own a place in the lane's table, as long as the harness lives.
    public func add(_ pollable: Pollable) {
        lane.add(pollable)
        guests.append(pollable)
    }

    /// Moves the bytes of a peer whenever the lane had a turn.
    public func add(_ peer: TestPeer) {
        peers.append(peer)
    }

    /// Forgets the peers that there are.
    public func forgetPeers() {
        peers = []
    }

    // MARK: - Turns

    /// Lets the lane and the clients have turns until `condition` holds.
    ///
    /// - Parameter idleTurns: after how many turns in a row in which no client moved anything to give up; one takes about
    ///   a millisecond.
    /// - Returns: whether it holds.
    @discardableResult
    public func run(until condition: () -> Bool, idleTurns: Int = 3000) -> Bool {
        var idle = 0
        while !condition() {
            guard idle < idleTurns else { return false }
            lane.turn(waiting: false)
            var moved = false
            for peer in peers where peer.pump() { moved = true }
            if moved {
                idle = 0
            } else {
                idle += 1
                // What one side sent may still be on its way through the kernel.
                if idle > 4 { usleep(1000) }
            }
        }
        return true
    }

    /// Lets the lane and the clients have so many turns, whatever comes of them.
    public func run(turns: Int) {
        for _ in 0..<turns {
            lane.turn(waiting: false)
            for peer in peers { peer.pump() }
        }
    }

    /// Lets everything settle: until nothing has moved for some turns.
    public func settle() {
        run(until: { false }, idleTurns: 30)
    }

    // MARK: - Invariants

    /// Ends everything on the lane, and records an issue for each invariant that is broken: before that, as things stand,
    /// and afterwards, when all that was entered must have been left and each connection must have its records.
    private func verify() {
        report(standingProblems(), "as the test leaves the lane")
        for guest in guests { lane.forget(guest) }
        lane.stop(nil, because: .stopped, by: .operator)
        lane.closeAll(because: .stopped, by: .operator)
        report(problemsAtRest(), "after everything has ended")
        report(recordProblems(), "in the records")
    }

    /// What is wrong as things stand. A release build cannot tell.
    public func standingProblems() -> [String] {
        #if DEBUG
            var ledger = Ledger()
            lane.verify(into: &ledger)
            return ledger.problems
        #else
            return []
        #endif
    }

    /// What is wrong once everything has ended. A message of another thread may still be on its way, and a process that
    /// another test has just started holds copies of descriptors until it executes its program.
    private func problemsAtRest() -> [String] {
        #if DEBUG
            let end = ContinuousClock.now + patience
            while true {
                lane.turn(waiting: false)
                var ledger = Ledger()
                lane.verifyRest(into: &ledger)
                if ledger.problems.isEmpty || ContinuousClock.now > end { return ledger.problems }
                usleep(1000)
            }
        #else
            return []
        #endif
    }

    /// What is wrong with the records: each connection has one `open` and one `close`, in this order.
    private func recordProblems() -> [String] {
        guard let records = try? capturedRecords() else { return ["the log cannot be read"] }
        var open: Set<Int> = []
        var known: Set<Int> = []
        var problems: [String] = []
        for record in records {
            let number = record.number("connection") ?? 0
            switch record.event {
            case "open":
                if !known.insert(number).inserted { problems.append("connection \(number) was opened twice") }
                open.insert(number)
            case "close":
                if open.remove(number) == nil { problems.append("connection \(number) was closed, and is not open") }
            default: break
            }
        }
        return problems + open.sorted().map { "connection \($0) has no close record" }
    }

    private func report(_ problems: [String], _ place: String) {
        guard !problems.isEmpty else { return }
        #if canImport(Testing)
            Issue.record("invariants are broken \(place): \(problems.joined(separator: "; "))")
        #endif
    }

    // MARK: - Records

    /// Every record so far.
    public func capturedRecords() throws -> [CapturedRecord] {
        records.flush()
        writer.flush(within: .seconds(30))
        let text = try String(contentsOf: log, encoding: .utf8)
        return text.split(separator: "\n").compactMap { CapturedRecord(json: $0) }
    }

    /// How each connection that is closed ended, in the order of coming: `client-closed by client`.
    public func ends() throws -> [String] {
        try capturedRecords().filter { $0.event == "close" }
            .sorted { ($0.number("connection") ?? 0) < ($1.number("connection") ?? 0) }.map(\.end)
    }
}
