// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import Glibc
import LinuxSystem
import Reactor
import Records
import TOML
import TestSupport
import Testing

@testable import Relaying
@testable import Services

/// The search for an upstream by itself: for connections, flows and checks.
@Suite struct UpstreamSearchTests {
    /// What has the search, and notes what it is told.
    private final class Owner: Pollable, UpstreamSearchOwner {
        var search: UpstreamSearch?
        var connected: [SocketAddress] = []
        var failures: [(reason: CloseReason, party: CloseParty, errno: CInt)] = []
        var timesLeft = 0
        /// What ``provesReachable(_:)`` says, and which addresses it was asked about.
        var provesReachable = true
        var askedSockets: [PeerSocket] = []
        var asked: [SocketAddress] { askedSockets.map(\.address) }

        func resume() { search?.resume() }
        func searchDeadlineChanged() {}
        func provesReachable(_ socket: PeerSocket) throws(SystemError) -> Bool {
            askedSockets.append(socket)
            return provesReachable
        }
        func searchSucceeded(_ socket: PeerSocket) { connected.append(socket.address) }
        func searchFailed(_ reason: CloseReason, by party: CloseParty, errno: CInt) {
            failures.append((reason, party, errno))
        }
        func upstreamWasReplaced() { timesLeft += 1 }
        func peerReady(_ socket: PeerSocket, _ readiness: Readiness) -> Turn {
            search?.attemptReady(socket, readiness)
            return .done
        }
    }

    /// A group of upstreams, and a lane that searches among them.
    private struct Scene {
        let harness: LaneHarness
        let group: UpstreamGroup
        private let client: TestPeer

        init(
            _ upstreams: [String], limit: Int? = nil, names: [SocketAddress] = [],
            _ change: (inout ForwardSettings) -> Void = { _ in }
        ) throws {
            let harness = try LaneHarness()
            // Of a client, no more is needed than what is known of it.
            client = try harness.connect(to: try harness.listen(service: ServiceSettings.echo.factory)[0])
            harness.run(until: { !harness.lane.openSessions.isEmpty })
            self.harness = harness
            let origin = SettingOrigin(file: "", place: SourcePlace(line: 1, column: 1))
            var settings = ForwardSettings(
                upstreams: try upstreams.map {
                    UpstreamSettings(endpoint: try Endpoint(parsing: $0), maxConnections: limit, origin: origin)
                },
                balance: .first)
            change(&settings)
            var source = NameResolution.Source()
            source.addresses = { (_, _) throws(NameLookupFailure) in names }
            source.timeToLive = { _ in nil }
            group = UpstreamGroup(
                settings, label: ListenerLabel(name: "test", service: "forward"), following: nil, names: source)
        }

        /// Begins a search for a client, or for a check of the first member.
        func begin(_ purpose: UpstreamSearch.Purpose, _ prepare: (Owner) -> Void = { _ in }) throws -> Owner {
            let owner = Owner()
            prepare(owner)
            harness.add(owner)
            let search = try search(purpose)
            owner.search = search
            #expect(search.admit(owner) == nil)
            search.begin()
            return owner
        }

        func search(_ purpose: UpstreamSearch.Purpose) throws -> UpstreamSearch {
            if purpose == .check { return UpstreamSearch(check: 0, in: group, on: harness.lane) }
            let identity = try #require(harness.lane.openSessions.first).identity
            return UpstreamSearch(in: group, from: identity.sourceHash, on: harness.lane, purpose: purpose)
        }

        /// How many sessions the members count.
        var counted: [Int] { group.members.map(\.upstream.active.value) }

        /// Lets the lane have turns, and the search do what is due, until something holds.
        func run(_ owner: Owner, until condition: () -> Bool) -> Bool {
            harness.run(until: {
                if let search = owner.search, search.nextDeadline <= Clock.monotonic { search.deadlineReached() }
                return condition()
            })
        }
    }

    private static func address(_ peer: DatagramPeer) -> SocketAddress { .ipv4(.loopback, port: peer.port) }

    /// An address that no socket can be connected to: a broadcast address without SO_BROADCAST.
    private static let unreachable = SocketAddress.ipv4(IPv4Address(0xffff_ffff), port: 9)

    private func listener() throws -> ListeningSocket {
        try ListeningSocket(
            kind: .tcp, address: .ipv4(.loopback, port: 0), dualStack: false, options: ListeningOptions())
    }

    /// An address where nothing listens.
    private func dead() throws -> SocketAddress { try listener().address }

    private func keep(_ text: String, in owner: Owner) -> Bool {
        owner.search?.keep(Array(text.utf8).span.bytes) ?? false
    }

    private func unsent(_ owner: Owner) -> [String] {
        owner.search?.unsent.map { String(decoding: $0, as: UTF8.self) } ?? []
    }

    // MARK: - Flows

    @Test func `while all members are busy a connection waits and a flow is refused`() throws {
        let upstream = try DatagramPeer()
        let scene = try Scene(["udp://\(Self.address(upstream))"], limit: 1)
        let first = try scene.begin(.flow)
        #expect(scene.counted == [1])
        let second = Owner()
        scene.harness.add(second)
        let refusal = try scene.search(.flow).admit(second)
        #expect(refusal == .queueLimit(0))
        let third = try scene.begin(.connection)
        #expect(third.connected.isEmpty && scene.group.queue.length == 1)
        first.search?.end()
        #expect(scene.run(third, until: { third.connected == [Self.address(upstream)] }))
        third.search?.end()
        #expect(scene.counted == [0])
    }

    @Test func `after a refusal the next member gets all kept datagrams`() throws {
        let peers = try (0..<2).map { _ in try DatagramPeer() }
        let scene = try Scene(peers.map { "udp://\(Self.address($0))" })
        let owner = try scene.begin(.flow)
        #expect(owner.connected == [Self.address(peers[0])])
        #expect(keep("one", in: owner) && keep("two", in: owner))
        owner.search?.refused(errno: ECONNREFUSED, .peer)
        #expect(owner.connected == peers.map(Self.address) && owner.timesLeft == 1)
        #expect(unsent(owner) == ["one", "two"] && scene.counted == [0, 1])
        owner.search?.refused(errno: ECONNREFUSED, .peer)
        #expect(owner.failures.count == 1 && owner.failures.first?.party == .upstream)
        owner.search?.end()
        #expect(scene.counted == [0, 0])
    }

    /// The second address cannot be connected to at all.
    @Test func `without another address a flow returns to the silent one and sends what is new`() throws {
        let silent = try DatagramPeer()
        let scene = try Scene(["udp://name.example:1"], names: [Self.address(silent), Self.unreachable])
        let owner = try scene.begin(.flow)
        #expect(scene.run(owner, until: { owner.connected.count == 1 }))
        #expect(keep("one", in: owner))
        owner.search?.replaceSilent()
        #expect(owner.connected == [Self.address(silent), Self.address(silent)], "\(owner.search?.failures ?? [])")
        #expect(unsent(owner) == [])
        #expect(keep("two", in: owner) && unsent(owner) == ["two"])
        #expect(owner.search?.nextDeadline == .max, "there is nowhere else to go")
        owner.search?.end()
        #expect(scene.counted == [0])
    }

    @Test func `after an answer nothing is kept, and the member stays counted`() throws {
        let upstream = try DatagramPeer()
        let scene = try Scene(["udp://\(Self.address(upstream))"])
        let owner = try scene.begin(.flow)
        #expect(keep("one", in: owner))
        owner.search?.answered()
        #expect(owner.search?.canContinue == false && unsent(owner) == [])
        let socket = owner.search?.connected
        let place = try #require(owner.search?.takePlace())
        owner.search = nil
        #expect(place.upstream === scene.group.members[0].upstream && place.attempts == 1 && scene.counted == [1])
        socket?.close(on: scene.harness.lane)
        place.group.leave(0)
        #expect(scene.counted == [0])
    }

    @Test func `datagrams during a look-up are kept up to a limit`() throws {
        let scene = try Scene(["udp://name.example:1"])
        let owner = try scene.begin(.flow)
        for _ in 0..<UnansweredMessages.mostMessages { #expect(keep("x", in: owner)) }
        #expect(!keep("x", in: owner) && owner.search?.canContinue == true)
        owner.search?.end()
    }

    @Test func `a flow that sent more than is kept stays with its upstream`() throws {
        let upstream = try DatagramPeer()
        let scene = try Scene(["udp://\(Self.address(upstream))"])
        let owner = try scene.begin(.flow)
        for _ in 0...UnansweredMessages.mostMessages { #expect(keep("x", in: owner)) }
        #expect(owner.search?.canContinue == false)
        owner.search?.end()
    }

    // MARK: - Checks

    @Test func `a check is not counted by a member that is full or down`() throws {
        let server = try listener()
        let scene = try Scene(["tcp://\(server.address)"], limit: 1) {
            $0.health = HealthSettings(interval: .seconds(60), timeout: .seconds(30), rise: 1, fall: 1)
        }
        _ = scene.group.members[0].upstream.active.enter(limit: 1)
        _ = scene.group.members[0].upstream.checkFailed(.timedOut, at: Clock.monotonic)
        #expect(scene.group.members[0].upstream.isDown)
        let owner = try scene.begin(.check)
        #expect(scene.run(owner, until: { owner.connected == [server.address] }))
        #expect(scene.counted == [1])
        owner.search?.end()
        #expect(scene.counted == [1])
        scene.group.leave(0)
    }

    @Test func `a failed check has its cause and does not count as a failure`() throws {
        let scene = try Scene(["tcp://\(try dead())", "tcp://\(try listener().address)"]) {
            $0.eject = EjectionSettings(failures: 1)
        }
        let owner = try scene.begin(.check)
        #expect(scene.run(owner, until: { !owner.failures.isEmpty }))
        #expect(owner.failures.first?.party == .upstream && owner.search?.upstreamErrno == ECONNREFUSED)
        #expect(owner.connected.isEmpty && owner.search?.attempts == 1, "no other member is tried")
        #expect(!scene.group.members[0].upstream.isDown)
        owner.search?.end()
    }

    @Test func `a check of datagrams tries each address until an answer`() throws {
        let peers = try (0..<3).map { _ in try DatagramPeer() }
        let scene = try Scene(["udp://name.example:1"], names: peers.map(Self.address))
        let owner = try scene.begin(.check) { $0.provesReachable = false }
        #expect(scene.run(owner, until: { owner.asked.count == 1 }))
        owner.search?.attemptFailed(owner.askedSockets[0], .peer, ECONNREFUSED)
        #expect(owner.asked == [Self.address(peers[0]), Self.address(peers[1])])
        #expect(scene.run(owner, until: { owner.asked.count == 3 }), "the second is silent")
        #expect(owner.connected.isEmpty && owner.failures.isEmpty)
        owner.search?.timedOut()
        #expect(owner.failures.first?.party == .upstream && owner.search?.upstreamErrno == ETIMEDOUT)
        owner.search?.end()
    }

    @Test func `a check waits during a shortage, which does not count against the upstream`() throws {
        let server = try listener()
        let scene = try Scene(["tcp://\(server.address)"])
        var begun: Owner?
        let isReached = FaultInjection.failing(call: 1, with: EMFILE, of: "socket") {
            begun = try? scene.begin(.check)
        }
        let owner = try #require(begun)
        #expect(isReached && owner.failures.isEmpty)
        #expect(scene.run(owner, until: { owner.connected == [server.address] }))
        owner.search?.end()
        // One that gets nothing to the end of its time.
        _ = FaultInjection.failing(call: 1, with: EMFILE, of: "socket") { begun = try? scene.begin(.check) }
        let other = try #require(begun)
        other.search?.timedOut()
        #expect(other.failures.first?.party == .daemon && other.failures.first?.errno == EMFILE)
        other.search?.end()
    }
}
