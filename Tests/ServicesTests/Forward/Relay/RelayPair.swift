// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import Glibc
import LinuxSystem
import Reactor
import Synchronization
import TOML
import TestSupport

@testable import Relaying
@testable import Services

/// A lane with a relay, and a socket that its upstream listens on.
final class RelayStage {
    let harness: LaneHarness
    private let listening: ListeningSocket
    private let front: ListeningSocket

    private static let nextName = Atomic<Int>(1)

    /// Makes a relay from a kind of client to a kind of upstream.
    init(_ from: SocketKind, _ to: SocketKind) throws {
        // As the daemon does: splice(2) cannot be told not to raise it.
        signal(SIGPIPE, SIG_IGN)
        harness = try LaneHarness()
        let number = Self.nextName.wrappingAdd(1, ordering: .relaxed).oldValue
        let address: SocketAddress =
            to == .tcp
            ? .ipv4(.loopback, port: 0) : .abstract(name: Array("usher-relay-\(getpid())-\(number)".utf8))
        listening = try ListeningSocket(kind: to, address: address, dualStack: false, options: ListeningOptions())
        let scheme = to == .tcp ? "tcp" : "unix"
        let endpoint = try Endpoint(parsing: "\(scheme)://\(listening.address)")
        let origin = SettingOrigin(file: "", place: SourcePlace(line: 1, column: 1))
        let settings = ForwardSettings(upstreams: [UpstreamSettings(endpoint: endpoint, origin: origin)])
        front = try harness.listen([from], service: ServiceSettings.forward(settings).factory)[0]
    }

    /// Connects a client through the relay to the upstream.
    func connect() throws -> RelayPair {
        let client = try harness.connect(to: front)
        var accepted: TestPeer?
        var failure: SystemError?
        harness.run {
            do throws(SystemError) {
                if let socket = try listening.accept() {
                    accepted = TestPeer(
                        adopting: dup(socket.descriptor.raw), kind: listening.kind,
                        isFiltered: TestFilter.ofUpstreams)
                }
            } catch {
                failure = error
            }
            return accepted != nil || failure != nil
        }
        guard let accepted else { throw failure ?? SystemError("accept4", errno: ETIMEDOUT) }
        harness.add(accepted)
        return RelayPair(harness: harness, client: client, upstream: accepted)
    }
}

/// A client and an upstream with a relay between them, which both do what the test says.
struct RelayPair {
    let harness: LaneHarness
    let client: TestPeer
    let upstream: TestPeer

    init(harness: LaneHarness, client: TestPeer, upstream: TestPeer) {
        self.harness = harness
        self.client = client
        self.upstream = upstream
    }

    /// Connects a client of a kind through a relay to an upstream of a kind.
    init(_ from: SocketKind, _ to: SocketKind) throws {
        self = try RelayStage(from, to).connect()
    }

    /// The peer that sends in a direction, and the one that receives.
    func peers(_ side: RelaySide) -> (source: TestPeer, destination: TestPeer) {
        side == .client ? (client, upstream) : (upstream, client)
    }
}
