// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import Glibc
import LinuxSystem
import Reactor
import Records
import Synchronization
import TOML
import TestSupport
import Testing

@testable import Services

/// Clients that have to wait for a name or for room in a backlog, and are served in the end.
@Suite struct WaitingConnectTests {
    private func group(
        _ endpoint: String, names: NameResolution.Source = NameResolution.Source()
    ) throws -> UpstreamGroup {
        let origin = SettingOrigin(file: "", place: SourcePlace(line: 1, column: 1))
        let settings = ForwardSettings(upstreams: [
            UpstreamSettings(endpoint: try Endpoint(parsing: endpoint), origin: origin)
        ])
        return UpstreamGroup(
            settings, label: ListenerLabel(name: "test", service: "forward"), following: nil, names: names)
    }

    @Test(.sameOnBothSides) func `a client waits for a failing name, and is served when it resolves`()
        throws
    {
        let harness = try LaneHarness()
        let echo = try harness.listen(service: ServiceSettings.echo.factory)[0]
        let lookups = Atomic<Int>(0)
        var names = NameResolution.Source()
        let address = echo.address
        names.addresses = { (_, _) throws(NameLookupFailure) in
            // The first answer is a failure.
            guard lookups.wrappingAdd(1, ordering: .relaxed).oldValue > 0 else {
                throw NameLookupFailure(reason: "EAI_AGAIN")
            }
            return [address]
        }
        names.timeToLive = { _ in nil }
        let group = try group("tcp://name.example:1", names: names)
        let client = try harness.connect(to: try harness.listen { ForwardService(group) }[0])
        client.write("x")
        #expect(harness.run(until: { client.text == "x" }), "the name is asked for again")
        #expect(lookups.load(ordering: .relaxed) == 2)
    }

    // The upstream is a plain socket of the test.
    @Test(.plainUpstream) func `a connect to a Unix upstream with a full backlog is retried`() throws {
        let harness = try LaneHarness()
        let directory = try TemporaryDirectory()
        let server = try Server(ServerAddress(.unix(path: directory.path + "/full")), backlog: 0)
        let group = try group("\(server.address)")
        let socket = try harness.listen { ForwardService(group) }[0]
        // The first stands in the backlog, and with it the backlog is full.
        let clients = try (0..<3).map { _ in try harness.connect(to: socket) }
        for client in clients { client.write("x") }
        harness.settle()
        #expect(clients.allSatisfy { !$0.isOver }, "connect(2) says EAGAIN, which is no failure")
        for _ in clients {
            #expect(harness.run(until: { server.hasConnection }))
            let upstream = try server.accept()
            var text = ""
            #expect(
                harness.run(until: {
                    text += String(decoding: (try? upstream.receive(flags: CInt(MSG_DONTWAIT))) ?? [], as: UTF8.self)
                    return text == "x"
                }))
            upstream.close()
        }
        #expect(harness.run(until: { clients.allSatisfy(\.isOver) }))
        for client in clients { client.finishWriting() }
        #expect(harness.run(until: { harness.connections == 0 }))
        #expect(try harness.ends() == Array(repeating: "upstream-closed by upstream", count: 3))
    }
}
