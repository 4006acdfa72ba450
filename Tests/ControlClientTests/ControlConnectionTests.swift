// SPDX-License-Identifier: Apache-2.0

import Configuration
import ControlProtocol
import Glibc
import LinuxSystem
import Synchronization
import TestSupport
import Testing

@testable import ControlClient

@Suite struct ControlConnectionTests {
    private static let status = ControlResults.Status(
        daemon: .sample(),
        listeners: [
            ListenerStatus(name: "web", service: "forward", state: .listening),
            ListenerStatus(name: "echo", service: "echo", state: .paused),
        ])

    private static func connection(_ number: UInt64) -> ConnectionStatus {
        ConnectionStatus(
            number: number, listener: "echo", service: "echo", peer: "tcp://127.0.0.1:1", local: "tcp://127.0.0.1:7",
            lane: 0, accepted: 1, durationMicroseconds: 2, idleMicroseconds: 3, bytesIn: 4, bytesOut: 5)
    }

    /// Expects a failure of a call of `Status` or another method.
    private func expectFailure(
        _ daemon: FakeDaemon, _ reason: ControlFailure.Reason, _ words: String..., patience: Duration = .seconds(60),
        at location: SourceLocation = #_sourceLocation,
        _ call: (ControlConnection) throws -> Void = { _ = try $0.status() }
    ) {
        let failure = #expect(throws: ControlFailure.self, sourceLocation: location) {
            try call(daemon.connect(patience: patience))
        }
        #expect(failure?.reason == reason, "\(failure?.message ?? "")", sourceLocation: location)
        for part in words {
            #expect(failure?.message.contains(part) == true, "\(failure?.message ?? "")", sourceLocation: location)
        }
    }

    // MARK: - Replies

    @Test func `a call gets its reply, however many pieces it is read in`() throws {
        let bytes = VarlinkReply.bytes(Self.status)
        let daemon = try FakeDaemon { call in
            #expect(call.method == "io.usher.control.Status")
            return FakeDaemon.Answer(pieces: bytes.map { [$0] })
        }
        let connection = try daemon.connect()
        #expect(try connection.status() == Self.status)
        #expect(try connection.status() == Self.status, "the connection may be used again")
    }

    @Test func `the parameters of a call are those that were given`() throws {
        let daemon = try FakeDaemon { call in
            #expect(throws: Never.self) {
                let parameters: ControlParameters.Status = try call.parameters()
                #expect(parameters.listener == "a\"b\u{1}")
            }
            #expect(!call.more)
            return .reply(Self.status)
        }
        _ = try daemon.connect().status(of: "a\"b\u{1}")
    }

    @Test func `the parts of a list are joined`() throws {
        let daemon = try FakeDaemon { call in
            #expect(call.more)
            let parts = (1...3).map { number in
                VarlinkReply.bytes(
                    ControlResults.Connections(connections: [Self.connection(number)], count: 3), continues: number < 3)
            }
            return FakeDaemon.Answer(pieces: parts)
        }
        let list = try daemon.connect().connections(ControlParameters.Connections())
        #expect(list.count == 3)
        #expect(list.connections.map(\.number) == [1, 2, 3])
    }

    @Test func `more numbers than a call may have are closed in several calls`() throws {
        let counts = Mutex<[Int]>([])
        let daemon = try FakeDaemon { call in
            let parameters: ControlParameters.Close? = try? call.parameters()
            let count = parameters?.filter.numbers?.count ?? 0
            #expect(parameters?.filter.listener == "echo")
            counts.withLock { $0.append(count) }
            return .reply(ControlResults.Count(count: count - 1))
        }
        var filter = ConnectionFilter()
        filter.numbers = (0..<2001).map { UInt64.max - $0 }
        filter.listener = "echo"
        #expect(try daemon.connect().close(filter, isDryRun: false) == 1998)
        #expect(counts.withLock(\.self) == [1000, 1000, 1])
    }

    @Test func `a reload may take longer than the timeout`() throws {
        let daemon = try FakeDaemon { _ in
            usleep(200_000)
            return .reply(VarlinkReply.Empty())
        }
        try daemon.connect(patience: .milliseconds(20)).reload()
    }

    @Test func `the process that listens is known`() throws {
        let daemon = try FakeDaemon { _ in FakeDaemon.Answer() }
        #expect(try daemon.connect().daemon == UInt32(getpid()))
    }

    // MARK: - No daemon

    @Test func `without a socket the paths that were tried are named`() throws {
        let directory = try TemporaryDirectory()
        let place = try ControlPlace(path: directory.appending("none"), instance: nil)
        let failure = #expect(throws: ControlFailure.self) { try ControlConnection(to: place) }
        #expect(failure?.reason == .unreachable)
        #expect(
            failure?.message
                == "cannot connect to usherd: \(directory.path)/none: No such file or directory (is it running?"
                + " `systemctl status usherd` shows it; if its socket has another path, use --control PATH)")
    }

    @Test func `a socket without a process refuses connections`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.appending("control")
        try Server(ServerAddress(.unix(path: path))).close()
        let place = try ControlPlace(path: path, instance: nil)
        let failure = #expect(throws: ControlFailure.self) { try ControlConnection(to: place) }
        #expect(failure?.reason == .unreachable)
        #expect(failure?.message.contains("\(path): Connection refused (is it running?") == true)
    }

    @Test func `the second place is tried if the first has no socket`() throws {
        let daemon = try FakeDaemon { _ in .reply(Self.status) }
        let directory = String(daemon.path.dropLast("/control".utf8.count))
        let place = try ControlPlace(
            path: nil, instance: nil, runtimeDirectories: "/nonexistent", userDirectory: nil, isRoot: false)
        #expect(place.paths == ["/nonexistent/control", "/run/usherd/control"])
        let first = try ControlPlace(
            path: nil, instance: nil, runtimeDirectories: directory, userDirectory: nil, isRoot: false)
        #expect(try ControlConnection(to: first).path == daemon.path)
    }

    @Test func `the path that the configuration names is tried last`() throws {
        let daemon = try FakeDaemon { _ in .reply(Self.status) }
        let directory = try TemporaryDirectory()
        func place(_ text: String) throws -> ControlPlace {
            try ControlPlace(
                path: nil, instance: "none-of-this-name", configuration: directory.write(text, to: "usherd.toml"))
        }
        let named = try place("[daemon]\ncontrol = \"\(daemon.path)\"\n")
        #expect(try ControlConnection(to: named).path == daemon.path)
        let off = #expect(throws: ControlFailure.self) { try ControlConnection(to: place("daemon.control = false")) }
        #expect(off?.reason == .unreachable)
        #expect(
            off?.message
                == "usherd has no control socket: control of [daemon] is false in \(directory.path)/usherd.toml;"
                + " remove that and restart usherd")
        let none = #expect(throws: ControlFailure.self) { try ControlConnection(to: place("")) }
        #expect(none?.message.contains("/run/usherd-none-of-this-name/control: No such file") == true)
    }

    @Test func `a socket of another type is not that of usherd`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.appending("control")
        let server = try Server(ServerAddress(.unix(path: path), type: .seqpacket))
        defer { server.close() }
        let place = try ControlPlace(path: path, instance: nil)
        let failure = #expect(throws: ControlFailure.self) { try ControlConnection(to: place) }
        #expect(failure?.reason == .usage)
        #expect(failure?.message == "\(path) is not a stream socket, so not that of usherd")
    }

    @Test func `a full backlog is retried until the timeout`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.appending("control")
        let server = try Server(ServerAddress(.unix(path: path)), backlog: 0)
        defer { server.close() }
        let place = try ControlPlace(path: path, instance: nil)
        let first = try ControlConnection(to: place)
        let failure = #expect(throws: ControlFailure.self) {
            _ = try ControlConnection(to: place, patience: .milliseconds(50))
            _ = try ControlConnection(to: place, patience: .milliseconds(50))
        }
        #expect(failure?.reason == .unreachable)
        #expect(failure?.message.contains("the backlog is full") == true, "\(failure?.message ?? "")")
        _ = first.path
    }

    // MARK: - Broken replies

    @Test func `a daemon that sends nothing is a timeout`() throws {
        let daemon = try FakeDaemon { _ in FakeDaemon.Answer() }
        expectFailure(
            daemon, .unreachable, "timed out: usherd at \(daemon.path) sent nothing for 50ms;",
            "systemctl status usherd", patience: .milliseconds(50))
    }

    @Test func `half a reply and then nothing is a timeout`() throws {
        let daemon = try FakeDaemon { _ in FakeDaemon.Answer(pieces: [Array("{\"parameters\":".utf8)]) }
        expectFailure(daemon, .unreachable, "timed out:", patience: .milliseconds(50))
    }

    @Test func `EOF before a reply is a daemon that stops or has too many clients`() throws {
        let daemon = try FakeDaemon { _ in FakeDaemon.Answer(closes: true) }
        expectFailure(
            daemon, .unreachable, "usherd closed the connection at \(daemon.path) without a reply", "try again")
    }

    @Test func `EOF within a reply is a daemon that was stopped`() throws {
        let daemon = try FakeDaemon { _ in FakeDaemon.Answer(pieces: [Array("{\"para".utf8)], closes: true) }
        expectFailure(daemon, .unreachable, "in the middle of its reply: it was stopped or restarted")
    }

    @Test func `EOF between the parts of a list is a daemon that was stopped`() throws {
        let daemon = try FakeDaemon { _ in
            let part = ControlResults.Connections(connections: [], count: 9)
            return FakeDaemon.Answer(pieces: [VarlinkReply.bytes(part, continues: true)], closes: true)
        }
        expectFailure(daemon, .unreachable, "usherd closed the connection") {
            _ = try $0.connections(ControlParameters.Connections())
        }
    }

    @Test(arguments: ["garbage", "", "[]", "{}", #"{"parameters":{"daemon":1}}"#, "{\u{1b}[31m"])
    func `a reply that is not Varlink comes from another program`(text: String) throws {
        let daemon = try FakeDaemon { _ in .text(text) }
        expectFailure(
            daemon, .unreachable, "\(daemon.path) is not the control socket of usherd (its reply is ",
            "name the right one with --control PATH")
    }

    @Test func `a reply from outside cannot control the terminal`() throws {
        let daemon = try FakeDaemon { _ in .text("\u{1b}[31mred") }
        let failure = #expect(throws: ControlFailure.self) { try daemon.connect().status() }
        #expect(failure?.message.contains("\u{1b}") == false)
    }

    @Test func `a reply that is longer than the limit is an error`() throws {
        let daemon = try FakeDaemon { call in
            guard call.method.hasSuffix("Status") else { return FakeDaemon.Answer(closes: true) }
            let megabyte = [UInt8](repeating: 0x20, count: 1 << 20)
            return FakeDaemon.Answer(pieces: [[UInt8]](repeating: megabyte, count: 20))
        }
        expectFailure(daemon, .unreachable, "its reply is longer than 16 MiB")
    }

    // MARK: - Another version

    @Test func `a method that the daemon does not know names both versions`() throws {
        let daemon = try FakeDaemon { call in
            call.method == "org.varlink.service.GetInfo"
                ? .reply(ControlResults.Info(version: "0.0.9")) : .error(.methodNotFound(call.method))
        }
        expectFailure(
            daemon, .refused,
            "usherd at \(daemon.path) is version 0.0.9 and usherctl is version \(Version.text) (it does not know"
                + " io.usher.control.Status): install the same version of both, and restart usherd")
    }

    @Test(arguments: [
        #"{"error":"io.usher.control.Newer","parameters":{}}"#, #"{"parameters":{"daemon":{},"listeners":[]}}"#,
    ])
    func `a reply of another version names both versions`(reply: String) throws {
        let daemon = try FakeDaemon { call in
            call.method == "org.varlink.service.GetInfo" ? .reply(ControlResults.Info(version: "7.0")) : .text(reply)
        }
        expectFailure(daemon, .refused, "is version 7.0 and usherctl is version")
    }

    // MARK: - Refusals

    @Test func `permission denied says who may`() throws {
        let daemon = try FakeDaemon { _ in .error(.permissionDenied) }
        expectFailure(daemon, .denied, "permission denied: only root, the user of usherd", "operators of [daemon]") {
            try $0.reopen()
        }
    }

    @Test func `the message of a failed reload has the reason, with its lines`() throws {
        let daemon = try FakeDaemon { _ in .error(.reloadFailed("tcp://*:80: address already in use\nand \u{1b}more")) }
        expectFailure(
            daemon, .refused,
            "the reload failed, and the configuration in force stays: tcp://*:80: address already in use\nand \\u{1B}more"
        ) { try $0.reload() }
    }

    @Test func `the message of an unknown listener names the others, the nearest first`() throws {
        let daemon = try FakeDaemon { call in
            call.method.hasSuffix("Status") ? .reply(Self.status) : .error(.noSuchListener("ecko"))
        }
        expectFailure(daemon, .refused, "no listener is named ecko: did you mean echo? There is also web") {
            try $0.pause("ecko")
        }
    }

    @Test(arguments: [
        (
            "/a", ["unix:///a", "unix-seqpacket:///a"],
            "has several upstreams /a: name one of unix:///a, unix-seqpacket:///a"
        ),
        (
            "tcp://h:81", ["tcp://h:80", "tcp://g:1"],
            "has no upstream tcp://h:81: did you mean tcp://h:80? There is also tcp://g:1"
        ),
        ("tcp://h:81", [], "has no upstream tcp://h:81; `usherctl status web` lists those that it has"),
    ])
    func `the message of an unknown upstream names the others`(text: String, addresses: [String], words: String) throws
    {
        var web = ListenerStatus(name: "web", service: "forward", state: .listening)
        web.upstreams = addresses.map(UpstreamStatus.init)
        let status = ControlResults.Status(daemon: .sample(), listeners: [web])
        let daemon = try FakeDaemon { call in
            call.method.hasSuffix("Status") ? .reply(status) : .error(.noSuchUpstream(text, of: "web"))
        }
        expectFailure(daemon, .refused, "listener web \(words)") {
            try $0.set(ControlParameters.SetUpstream(listener: "web", upstream: text, state: .disabled))
        }
    }

    @Test(arguments: [
        (VarlinkError.stopping, "usherd is stopping"), (.laneSilent(3), "lane 3 of usherd does not answer"),
    ])
    func `each refusal has a sentence`(error: VarlinkError, words: String) throws {
        let daemon = try FakeDaemon { _ in .error(error) }
        expectFailure(daemon, .refused, words) { try $0.resume("a") }
    }
}
