// SPDX-License-Identifier: Apache-2.0

import Addresses
import Testing

@testable import Configuration

@Suite struct DatagramListenerTests {
    private func listener(_ text: String) throws -> ListenerSettings {
        let (configuration, problems) = Configuration.parse(text)
        #expect(problems.isEmpty, "\(problems)")
        return try #require(configuration?.listeners.first)
    }

    @Test(arguments: ["echo", "discard", "daytime", "time", "chargen"])
    func `services without shared state accept datagrams, also beside streams`(service: String) throws {
        let listener = try listener(
            """
            [listener.x]
            listen = ["tcp://127.0.0.1:7", "udp://127.0.0.1:7", "udp://[::1]:7", "unix-dgram:///run/x", "unix-dgram://@x"]
            service = "\(service)"
            """)
        let kinds = listener.listen.map { address -> SocketKind? in
            if case .bind(let kind, _, _) = address.target { kind } else { nil }
        }
        #expect(kinds == [.tcp, .udp, .udp, .unixDatagram, .unixDatagram])
    }

    /// `[defaults]`, the listener's own, and what holds for connections and for flows.
    @Test(
        arguments: [
            ("", "", nil, .seconds(30)), ("idle-timeout = \"10m\"", "", .seconds(600), .seconds(600)),
            ("", "idle-timeout = \"5s\"", .seconds(5), .seconds(5)),
            ("idle-timeout = \"10m\"", "idle-timeout = \"5s\"", .seconds(5), .seconds(5)),
            ("idle-timeout = false", "", nil, nil), ("", "idle-timeout = false", nil, nil),
            ("idle-timeout = \"10m\"", "idle-timeout = false", nil, nil),
        ] as [(String, String, Duration?, Duration?)])
    func `the default idle-timeout of flows is 30 s`(
        defaults: String, own: String, connections: Duration?, flows: Duration?
    ) throws {
        let listener = try listener(
            "[defaults]\n\(defaults)\n[listener.x]\nlisten = \"can://can0\"\nservice = \"discard\"\n\(own)\n")
        #expect(listener.plan.idleTimeout == connections?.nanoseconds)
        #expect(listener.plan.flowIdleTimeout == flows?.nanoseconds)
    }

    @Test func `options are those of the socket`() throws {
        let listener = try listener(
            """
            [listener.x]
            listen = ["udp://239.1.2.3:5000?interface=eth0", "udp://*:5001?broadcast=true", "udp://239.1.2.3:5002"]
            service = "discard"
            """)
        #expect(listener.listen.map(\.datagrams.interface) == [2, 0, 0])
        #expect(listener.listen.map(\.datagrams.broadcast) == [false, true, false])
    }

    @Test(arguments: ["chargen", "daytime"])
    func `amplification needs allow-amplification, except on loopback`(service: String) throws {
        let everywhere = "[listener.x]\nservice = \"\(service)\"\nlisten = [\"udp://*:7\", \"udp://192.0.2.1:8\"]\n"
        #expect(try listener(everywhere + "allow-amplification = true\n").allowsAmplification)
        let (configuration, problems) = Configuration.parse(everywhere)
        #expect(configuration == nil)
        #expect(problems.count == 2)
        let loopback = "[listener.x]\nservice = \"\(service)\"\nlisten = [\"udp://127.9.9.9:7\", \"udp://[::1]:8\"]\n"
        #expect(try !listener(loopback).allowsAmplification)
    }

    @Test func `udp and tcp may have the same port`() throws {
        _ = try listener("[listener.x]\nservice = \"echo\"\nlisten = [\"udp://*:7\", \"tcp://*:7\"]\n")
    }
}
