// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import Foundation
import LinuxSystem
import Reactor
import Records
import Services
import TestSupport
import Testing

/// The example of ARCHITECTURE.md, "To add a service": what is written there is compiled here, and does what it says.
@Suite struct WhoAmITests {
    /// The services of this version and the example.
    private static let services = ServiceDescriptor.builtIn + [.whoami]

    private static let files = ["ServiceDescriptor+WhoAmI.swift", "WhoAmIWorker.swift", "WhoAmIFlow.swift"]

    private static func read(
        _ keys: String = "", listen: String = "tcp://127.0.0.1:1", service: String = "whoami"
    ) -> (listener: ListenerSettings?, problems: [ConfigurationProblem], summary: String?) {
        let text = "[listener.test]\nlisten = \"\(listen)\"\nservice = \"\(service)\"\n\(keys)\n"
        let (configuration, problems) = Configuration.parse(
            files: [("usherd.toml", Array(text.utf8))], services: services.map(\.schema), host: TestHost())
        return (configuration?.listeners.first, problems, configuration?.summary)
    }

    /// A lane with a listener of a kind that this text configures.
    private func open(_ keys: String, _ kind: SocketKind) throws -> (LaneHarness, ListeningSocket) {
        let settings = try #require(Self.read(keys).listener)
        let service = ActiveService(
            settings.service, among: Self.services, label: ListenerLabel(name: "test", service: settings.service.name))
        let harness = try LaneHarness()
        return (harness, try harness.listen([kind], service: service.make)[0])
    }

    @Test(arguments: files) func `a file of the example is a code block of ARCHITECTURE, byte for byte`(
        name: String
    ) throws {
        let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let file = try String(contentsOf: here.appendingPathComponent("WhoAmI/\(name)"), encoding: .utf8)
        let text = try String(
            contentsOf: here.appendingPathComponent("../../../ARCHITECTURE.md").standardizedFileURL, encoding: .utf8)
        let blocks = text.components(separatedBy: "```swift\n").dropFirst().map { $0.components(separatedBy: "```")[0] }
        #expect(blocks.contains(file), "\(name) and ARCHITECTURE.md differ")
    }

    @Test(arguments: [SocketKind.tcp, .unixStream, .unixSeqpacket])
    func `a client that connects gets its address`(kind: SocketKind) throws {
        let (harness, socket) = try open("", kind)
        let peer = try harness.connect(to: socket)
        #expect(harness.run(until: { peer.hasEnded }))
        peer.close()
        #expect(harness.run(until: { harness.connections == 0 }))
        let record = try #require(try harness.capturedRecords().first { $0.event == "open" })
        #expect("\(kind.scheme)://\(peer.text)" == "\(record["peer"] ?? "")\n")
        #expect(try harness.ends() == ["finished by service"])
    }

    @Test func `with the key a client gets the number of the connection too`() throws {
        let (harness, socket) = try open("show-number = true", .tcp)
        let peer = try harness.connect(to: socket)
        #expect(harness.run(until: { peer.hasEnded }))
        let number = try #require(try harness.capturedRecords().first { $0.event == "open" }?.number("connection"))
        #expect(peer.text.hasSuffix(" (connection \(number))\n"), "\(peer.text)")
    }

    @Test func `each datagram is answered with its source`() throws {
        let (harness, socket) = try open("show-number = true", .udp)
        let peer = try DatagramPeer("127.0.0.1")
        try peer.send("who am I?", to: socket)
        var answer: [UInt8]?
        #expect(
            harness.run(until: {
                answer = answer ?? peer.receive()
                return answer != nil
            }))
        let text = String(decoding: answer ?? [], as: UTF8.self)
        #expect(text.hasPrefix("127.0.0.1:\(peer.port) (connection "), "\(text)")
    }

    @Test func `the key is read, shown, and compared at a reload`() throws {
        let plain = Self.read()
        let shown = Self.read("show-number = true")
        #expect(shown.problems.isEmpty)
        #expect(shown.summary?.hasSuffix("whoami  show-number\n") == true, "\(shown.summary ?? "")")
        #expect(plain.listener?.service == Self.read("show-number = false").listener?.service)
        #expect(plain.listener?.service != shown.listener?.service)
    }

    @Test func `mistakes are reported as for every service`() throws {
        func problem(_ keys: String, listen: String = "tcp://127.0.0.1:1", service: String = "whoami") throws -> String
        {
            let problems = Self.read(keys, listen: listen, service: service).problems
            #expect(problems.count == 1)
            return try #require(problems.first).description
        }
        let unknown = try problem("show-numbr = true")
        #expect(unknown.contains("[listener.test] has no key `show-numbr`"), "\(unknown)")
        #expect(unknown.contains("did you mean `show-number`?"), "\(unknown)")
        #expect(try problem("show-number = 1").contains("`show-number` must be true or false, not an integer"))
        #expect(
            try problem("show-number = true", service: "echo").contains(
                "`show-number` is a key of the service `whoami`, and the service here is `echo`"))
        #expect(try problem("", service: "whoam").contains("did you mean `whoami`?"))
        #expect(
            try problem("", listen: "can://can0").contains(
                "the service `whoami` cannot be used on a CAN bus: a frame has no room for an address"))
        #expect(try problem("", listen: "udp://0.0.0.0:1").contains("sends more than it receives"))
    }
}
