// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The control socket: who may use it, and what clients cannot do to the daemon.
@Suite struct ControlSocketTests {
    private static let echo = "[listener.echo]\nlisten = \"tcp://127.0.0.1:0\"\nservice = \"echo\"\n"

    /// A client of the control socket.
    private func control(_ daemon: Usherd) throws -> Client {
        try Client(ServerAddress(.unix(path: daemon.directory.appending("control"))))
    }

    /// Sends a call and returns the reply.
    private func call(_ method: String, _ parameters: String = "{}", on client: Client) throws -> String {
        try client.send("{\"method\":\"io.usher.control.\(method)\",\"parameters\":\(parameters)}\0")
        var reply: [UInt8] = []
        while reply.last != 0 {
            let more = try client.receive()
            try #require(!more.isEmpty, "disconnected after \(reply.count) bytes")
            reply += more
        }
        return String(decoding: reply.dropLast(), as: UTF8.self)
    }

    // MARK: - Who may

    /// Sends a call as another user, and prints the reply.
    private static let script = """
        import socket, sys
        client = socket.socket(socket.AF_UNIX)
        client.connect(sys.argv[1])
        client.sendall(b'{"method":"io.usher.control.%s","parameters":%s}\\0' % (sys.argv[2].encode(), sys.argv[3].encode()))
        reply = b""
        while not reply.endswith(b"\\0"):
            reply += client.recv(65536) or sys.exit("disconnected")
        print(reply[:-1].decode())
        """

    private func ask(
        _ daemon: Usherd, _ method: String, _ parameters: String, as user: String, _ groups: [String]
    ) throws -> String {
        let result = try run(
            "setpriv",
            ["--reuid=\(user)", "--regid=nogroup"] + groups + [
                "/usr/bin/python3", "-c", Self.script, daemon.directory.appending("control"), method, parameters,
            ])
        return result.text + result.errors
    }

    /// Connects sixty times, and prints how many of the connections are answered.
    private static let crowd = """
        import socket, sys
        clients = []
        for _ in range(60):
            client = socket.socket(socket.AF_UNIX)
            client.connect(sys.argv[1])
            clients.append(client)
        answered = 0
        for client in clients:
            try:
                client.sendall(b'{"method":"org.varlink.service.GetInfo"}\\0')
                answered += len(client.recv(65536)) > 0
            except OSError:
                pass
        print(answered)
        """

    @Test(.enabled(if: getuid() == 0, "only root can become another user"))
    func `clients that may only look leave room for operators`() throws {
        try withUsherd(Self.echo) { daemon in
            chmod(daemon.directory.path, 0o755)
            chmod(daemon.directory.appending("control"), 0o666)
            let result = try run(
                "setpriv",
                [
                    "--reuid=nobody", "--regid=nogroup", "--clear-groups", "/usr/bin/python3", "-c", Self.crowd,
                    daemon.directory.appending("control"),
                ])
            #expect(result.text == "48\n", "\(result.errors)")
        }
    }

    /// Becomes an operator by its group, and asks until that is refused.
    private static let formerOperator = """
        import grp, os, socket, sys
        os.setgroups([grp.getgrnam("games").gr_gid])
        os.setgid(65534)
        os.setuid(65534)
        s = socket.socket(socket.AF_UNIX)
        s.connect(sys.argv[1])
        said = None
        while said != "denied":
            s.sendall(b'{"method":"io.usher.control.Reopen"}\\0')
            reply = b""
            while not reply.endswith(b"\\0"):
                part = s.recv(4096)
                if not part: sys.exit("closed")
                reply += part
            word = "denied" if b"PermissionDenied" in reply else "granted"
            if word != said: print(word)
            said = word
        """

    @Test(.enabled(if: getuid() == 0, "only root can become another user"))
    func `a reload that takes the group of operators away takes it from open connections too`() throws {
        try withUsherd("[daemon]\noperators = \"games\"\n" + Self.echo) { daemon in
            chmod(daemon.directory.path, 0o755)
            chmod(daemon.directory.appending("control"), 0o666)
            let client = try ServerProgram.python(
                Self.formerOperator, [daemon.directory.appending("control")], in: daemon.directory)
            #expect(client.said == "granted\n")
            try daemon.reload(Self.echo)
            try waitUntil("it is refused") { client.said == "granted\ndenied\n" }
        }
    }

    @Test(.enabled(if: getuid() == 0, "only root can become another user"))
    func `others may look, and the group of operators may steer`() throws {
        try withUsherd("[daemon]\noperators = \"games\"\n" + Self.echo) { daemon in
            // The directory and the socket are open to all, so that the daemon itself decides.
            chmod(daemon.directory.path, 0o755)
            chmod(daemon.directory.appending("control"), 0o666)
            let pause = "{\"listener\":\"echo\"}"
            for groups in [["--clear-groups"], ["--groups=adm,mail"]] {
                #expect(try ask(daemon, "Status", "{}", as: "nobody", groups).contains("\"name\":\"echo\""))
                #expect(try ask(daemon, "Config", "{}", as: "nobody", groups).contains("\"value\":\"\\\"games"))
                #expect(try ask(daemon, "Connections", "{}", as: "nobody", groups).contains("\"count\":0"))
                #expect(try ask(daemon, "Show", "{\"number\":9}", as: "nobody", groups).contains("NoSuchConnection"))
                #expect(
                    try ask(daemon, "Explain", "{\"address\":\"::1\"}", as: "nobody", groups).contains("unreachable"))
                #expect(try ask(daemon, "History", "{}", as: "nobody", groups).contains("\"capacity\":1000"))
                #expect(try ask(daemon, "LogLevel", "{}", as: "nobody", groups).contains("\"level\":"))
                #expect(try ask(daemon, "Events", "{}", as: "nobody", groups).contains("ExpectedMore"))
                for (method, parameters) in [
                    ("Pause", pause), ("Resume", pause), ("Reload", "{}"), ("PlanReload", "{}"),
                    ("Reopen", "{}"), ("SetLogLevel", "{\"level\":\"info\"}"),
                    ("Close", "{\"filter\":{\"listener\":\"echo\"}}"),
                    ("SetUpstream", "{\"listener\":\"echo\",\"upstream\":\"x\",\"state\":\"draining\"}"),
                    ("Drain", pause), ("ResetUpstream", "{\"listener\":\"echo\"}"),
                ] {
                    let reply = try ask(daemon, method, parameters, as: "nobody", groups)
                    #expect(reply.contains("org.varlink.service.PermissionDenied"), "\(method): \(reply)")
                }
            }
            #expect(daemon.records("operator").isEmpty)
            for (user, groups) in [("nobody", "--groups=mail,games"), ("root", "--clear-groups")] {
                #expect(try ask(daemon, "Reload", "{}", as: user, [groups]) == "{\"parameters\":{}}\n")
            }
            let asked = try daemon.records("operator", count: 2)
            #expect(asked.map { $0[number: "uid"] } == [65534, 0])
        }
    }

    @Test func `a group that this host does not have is a mistake in the configuration`() throws {
        let daemon = try Usherd(starting: "[daemon]\noperators = \"no-such-group\"\n" + Self.echo)
        try waitUntil("it refuses to start") { daemon.ended != nil }
        #expect(daemon.ended == .exited(78))
        #expect(daemon.said.contains("this host has no group `no-such-group`"), "\(daemon.said)")
    }

    // MARK: - A client of others

    /// Where `Tests/EndToEnd/Client/fetch-varlink` puts PyPI's client.
    private static let library: String = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return root.appending(path: ".build-varlink").path
    }()

    /// Calls each method through the proxies that the client makes from the interface, and prints what it gets.
    private static let varlink = """
        import sys
        sys.path.insert(0, sys.argv[1])
        import varlink
        with varlink.Client(address="unix:" + sys.argv[2]) as client:
            print(sorted(client.get_interfaces()))
            with client.open("io.usher.control") as usher:
                print([listener["name"] for listener in usher.Status()["listeners"]])
                print(usher.Status(listener="echo")["listeners"][0]["connections"])
                lists = list(usher.Connections(filter={"listener": "echo"}, order="bytes", _more=True))
                print(len(lists), lists[0]["count"], lists[0]["connections"][0]["bytes_in"])
                print(usher.Connections(limit=0))
                print([setting["line"] for setting in usher.Config(listener="echo")["settings"] if "line" in setting])
                print(usher.Show(number=lists[0]["connections"][0]["number"])["detail"]["client"]["tcp"]["state"])
                print(usher.SetUpstream(listener="front", upstream="127.0.0.1:1", state="draining", weight=3))
                print(usher.SetUpstream(listener="front", upstream="tcp://127.0.0.1:1", state="enabled"))
                print([upstream["weight"] for upstream in usher.Status("front")["listeners"][0]["upstreams"]])
                print(usher.ResetUpstream("front"), usher.ResetUpstream("front", "127.0.0.1:1"))
                print(usher.Drain("front"), usher.Drain(listener="front", timeout_us=0, over_us=1))
                print(usher.Pause("echo"), usher.Resume("echo"), usher.Reopen(), usher.Reload())
                print([verdict["outcome"] for verdict in usher.Explain("127.0.0.1", "echo")["verdicts"]])
                print([listener["change"] for listener in usher.PlanReload()["listeners"]])
                print(usher.Close(filter={"listener": "echo"}, dry_run=True), usher.Close(filter={"service": "echo"}))
                history = list(usher.History(filter={"listener": "echo", "refused": False}, limit=5, _more=True))
                print([record["reason"] for reply in history for record in reply["records"]])
                print(usher.SetLogLevel("info"), usher.LogLevel()["level"])
            with client.open("io.usher.control") as events, client.open("io.usher.control") as usher:
                replies = events.Events(events=["operator"], _more=True)
                print(next(replies))
                usher.Reopen()
                print([record["event"] for record in next(replies)["records"]])
                for wrong in [lambda: usher.Pause("x"), lambda: usher.Show(0), lambda: usher.Close(filter={}), lambda: usher.Status(listener=1),
                    lambda: usher.SetUpstream(listener="front", upstream="x", state="disabled"), lambda: usher.SetUpstream("front", "127.0.0.1:1")]:
                    try:
                        print(wrong())
                    except varlink.VarlinkError as error:
                        print(error.error(), error.parameters())
        """

    private static let front = """

        [listener.front]
        listen = "tcp://127.0.0.1:0"
        service = "forward"
        to = "tcp://127.0.0.1:1"

        """

    @Test(
        .enabled(
            if: FileManager.default.fileExists(atPath: library),
            "needs PyPI's varlink: Tests/EndToEnd/Client/fetch-varlink"))
    func `PyPI's client for Varlink calls every method`() throws {
        try withUsherd(Self.echo + Self.front) { daemon in
            let client = try Client(daemon.address("echo"))
            try client.send("hello")
            #expect(try client.receive(exactly: 5) == Array("hello".utf8))
            let result = try run(
                "/usr/bin/python3", ["-c", Self.varlink, Self.library, daemon.directory.appending("control")])
            let expected = """
                ['io.usher.control', 'org.varlink.service']
                ['echo', 'front']
                1
                1 1 5
                {'connections': [], 'count': 1}
                [5, 6]
                established
                {}
                {}
                [3]
                {'count': 1} {'count': 0}
                {'outcome': 'drained', 'ended': 0, 'closed': 0, 'left': 0} {'outcome': 'drained', 'ended': 0, 'closed': 0, 'left': 0}
                {} {} {} {}
                ['accepted']
                ['unchanged', 'unchanged']
                {'count': 1} {'count': 1}
                ['closed-by-operator']
                {} info
                {'records': []}
                ['operator']
                io.usher.control.NoSuchListener {'listener': 'x'}
                io.usher.control.NoSuchConnection {'number': 0}
                org.varlink.service.InvalidParameter {'parameter': 'filter'}
                org.varlink.service.InvalidParameter {'parameter': 'client.call.listener'}
                io.usher.control.NoSuchUpstream {'listener': 'front', 'upstream': 'x'}
                org.varlink.service.InvalidParameter {'parameter': 'state'}

                """
            #expect(result.text == expected, "\(result.errors)")
            try waitUntil("it is closed") { client.isEnded }
        }
    }

    // MARK: - Hostile clients

    @Test func `hostile clients harm neither the daemon nor other clients`() throws {
        try withUsherd(Self.echo) { daemon in
            let served = try Client(daemon.address("echo"))
            let operatorClient = try control(daemon)
            func expectService() throws {
                try served.send("hello")
                #expect(try served.receive(exactly: 5) == Array("hello".utf8))
                #expect(try call("Status", on: operatorClient).contains("\"state\":\"serving\""))
            }
            try expectService()
            // More than a call may have, without an end.
            let endless = try control(daemon)
            let block = [UInt8](repeating: UInt8(ascii: "["), count: 1 << 16)
            try waitUntil("it is disconnected") {
                do { _ = try endless.sendWhatFits(block) } catch { return true }
                return endless.isEnded
            }
            try expectService()
            for text in [
                "garbage\0", "\0\0\0", String(repeating: "{\"a\":", count: 5000) + "\0", "{\"method\":\"a.b\"}}\0",
            ] {
                let client = try control(daemon)
                try client.send(text)
                try waitUntil("\(text.prefix(20)) is disconnected") { client.isEnded }
            }
            try expectService()
            // Half messages, and readers that stall, until the limit is reached.
            var idle: [Client] = []
            try waitUntil("the limit of clients is reached") {
                let client = try control(daemon)
                try? client.send("{\"method\":\"io.usher.control.Sta")
                idle.append(client)
                return !daemon.records("refused").isEmpty
            }
            #expect(idle.count >= 63 && idle.count <= 80)
            try expectService()
            idle = []
            try waitUntil("there is room again") {
                try call("Reopen", on: control(daemon)) == "{\"parameters\":{}}"
            }
        }
    }

    @Test func `connections are listed and closed while they come and go`() throws {
        try withUsherd("[daemon]\nlanes = 3\n" + Self.echo) { daemon in
            let address = try daemon.address("echo")
            let lasting = try (0..<50).map { _ in try Client(address) }
            for client in lasting { try client.send("x") }
            for client in lasting { #expect(try client.receive(exactly: 1) == [0x78]) }
            let stop = Flag()
            let churn = Thread {
                while !stop.isSet {
                    guard let client = try? Client(address) else { continue }
                    try? client.send("y")
                    _ = try? client.receive(exactly: 1)
                }
                stop.hasEnded = true
            }
            churn.start()
            defer { stop.isSet = true }
            let (first, second) = (try control(daemon), try control(daemon))
            for _ in 0..<50 {
                let list = try call("Connections", on: first)
                for client in lasting { #expect(list.contains("\"peer\":\"\(client.name)\"")) }
                _ = try call("Status", on: second)
            }
            let reply = try call("Close", "{\"filter\":{\"peer\":\"127.0.0.0/8\",\"older_us\":0}}", on: first)
            #expect(reply.hasPrefix("{\"parameters\":{\"count\":"))
            for client in lasting { try waitUntil("each is closed") { client.isEnded } }
            stop.isSet = true
            try waitUntil("the other client has ended") { stop.hasEnded }
        }
    }

    /// What a test and its thread tell each other.
    private final class Flag: @unchecked Sendable {
        private let lock = NSLock()
        private var values = (set: false, ended: false)

        var isSet: Bool {
            get { lock.withLock { values.set } }
            set { lock.withLock { values.set = newValue } }
        }

        var hasEnded: Bool {
            get { lock.withLock { values.ended } }
            set { lock.withLock { values.ended = newValue } }
        }
    }
}
