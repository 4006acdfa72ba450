// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// What SIGHUP does when the new configuration is right.
@Suite struct ReloadTests {
    private let echo = """
        [listener.echo]
        listen = "tcp://127.0.0.1:0"
        service = "echo"

        """

    private func expectEcho(_ client: Client, sourceLocation: SourceLocation = #_sourceLocation) throws {
        try client.send("x")
        #expect(try client.receive(exactly: 1) == Array("x".utf8), sourceLocation: sourceLocation)
    }

    /// Whether nobody listens there any more.
    private func refuses(_ address: ServerAddress) -> Bool {
        do {
            _ = try Client(address)
            return false
        } catch let failure as POSIXFailure {
            return failure.number == ECONNREFUSED || failure.number == ENOENT
        } catch {
            return false
        }
    }

    @Test func `a reload does not touch unchanged listeners`() throws {
        try withUsherd(echo) { daemon in
            let address = try daemon.address("echo")
            let client = try Client(address)
            try expectEcho(client)
            // Other words, the same meaning.
            try daemon.reload(
                "# changed\n" + echo.replacing("\"tcp://127.0.0.1:0\"", with: "[ \"tcp://127.0.0.1:0\" ]"))
            let record = try daemon.record("reload")
            #expect(record["message"] == "configuration reloaded: 1 unchanged")
            #expect(record["level"] == "notice")
            try expectEcho(client)
            try expectEcho(Client(address))
            client.close()
            #expect(daemon.records("listening").count == 1)
        }
    }

    @Test func `a reload applies changed settings to new connections only`() throws {
        try withUsherd(echo) { daemon in
            let address = try daemon.address("echo")
            let old = try Client(address)
            try expectEcho(old)
            try daemon.reload(echo + "lifetime = \"200ms\"\n")
            #expect(try daemon.record("reload")["message"] == "configuration reloaded: 1 changed")
            let new = try Client(address)
            #expect(try new.receiveAll().isEmpty)
            #expect(try daemon.close(of: new.name)["reason"] == "lifetime")
            try expectEcho(old)
            old.close()
            #expect(try daemon.close(of: old.name)["reason"] == "client-closed")
        }
    }

    @Test func `a reload counts open connections against a new limit`() throws {
        try withUsherd(echo) { daemon in
            let address = try daemon.address("echo")
            let clients = try (0..<3).map { _ in try Client(address) }
            for client in clients { try expectEcho(client) }
            try daemon.reload(echo + "max-connections = 2\n")
            #expect(try Client(address).receiveAll().isEmpty)
            #expect(try daemon.record("refused")["reason"] == "max-connections of the listener (2)")
            for client in clients { try expectEcho(client) }
            clients[0].close()
            clients[1].close()
            try daemon.records("close", count: 2)
            let next = try Client(address)
            try expectEcho(next)
            for client in [clients[2], next] { client.close() }
        }
    }

    @Test func `a reload opens added listeners`() throws {
        try withUsherd(echo) { daemon in
            try daemon.reload(
                echo + "[listener.more]\nlisten = [\"tcp://127.0.0.1:0\", \"unix://$DIR/more\"]\nservice = \"discard\"")
            #expect(try daemon.record("reload")["message"] == "configuration reloaded: 1 added, 1 unchanged")
            for index in 0..<2 {
                let client = try Client(daemon.address("more", index))
                try client.send("x")
                try client.finishWriting()
                #expect(try client.receiveAll().isEmpty)
            }
            let message = daemon.manager.messages.last { $0.hasPrefix("READY=1") }
            #expect(message?.contains("STATUS=2 listeners, ") == true)
        }
    }

    @Test func `connections of a removed listener may end by themselves`() throws {
        let other = "[listener.other]\nlisten = \"unix://$DIR/other\"\nservice = \"echo\"\n"
        try withUsherd(echo + other) { daemon in
            let address = try daemon.address("other")
            let client = try Client(address)
            try expectEcho(client)
            try daemon.reload(echo)
            #expect(try daemon.record("reload")["message"] == "configuration reloaded: 1 removed, 1 unchanged")
            let draining = try daemon.record("draining")
            #expect(draining["listener"] == "other")
            #expect(draining["message"] == "other was removed; draining: waiting up to 30s for 1 connection")
            try waitUntil("nobody listens any more") { refuses(address) }
            #expect(!FileManager.default.fileExists(atPath: daemon.directory.appending("other")))
            try expectEcho(client)
            client.close()
            #expect(try daemon.record("close")["reason"] == "client-closed")
            let gone = try daemon.record("stopped") { $0["listener"] == "other" }
            #expect(gone["message"] == "other stopped")
        }
    }

    @Test func `connections of a removed listener are closed after drain-timeout`() throws {
        let daemonSettings = "[daemon]\ndrain-timeout = \"200ms\"\n"
        let other = "[listener.other]\nlisten = \"tcp://127.0.0.1:0\"\nservice = \"echo\"\n"
        try withUsherd(daemonSettings + echo + other) { daemon in
            let staying = try Client(daemon.address("echo"))
            try expectEcho(staying)
            let client = try Client(daemon.address("other"))
            try expectEcho(client)
            try daemon.reload(daemonSettings + echo)
            #expect(try client.receiveAll().isEmpty)
            let close = try daemon.close(of: client.name)
            #expect(close["reason"] == "drained")
            #expect(close["by"] == "operator")
            let gone = try daemon.record("stopped") { $0["listener"] == "other" }
            #expect(gone["message"] == "other stopped; 1 connection closed")
            try expectEcho(staying)
            staying.close()
        }
    }

    @Test func `a reload moves a listener to another address`() throws {
        try withUsherd("[listener.echo]\nlisten = \"unix://$DIR/before\"\nservice = \"echo\"\n") { daemon in
            let before = try daemon.address("echo")
            let client = try Client(before)
            try expectEcho(client)
            try daemon.reload("[listener.echo]\nlisten = \"unix://$DIR/after\"\nservice = \"echo\"\n")
            #expect(try daemon.record("reload")["message"] == "configuration reloaded: 1 rebound")
            let after = try daemon.address("echo", 1)
            #expect(after.description.hasSuffix("/after"))
            try expectEcho(Client(after))
            try waitUntil("nobody listens at the old address") { refuses(before) }
            try expectEcho(client)
            client.close()
        }
    }

    @Test func `an address moves to another listener without a refused connection`() throws {
        let names = ["one", "two"]
        func configuration(_ name: String) -> String {
            "[listener.\(name)]\nlisten = \"unix://$DIR/socket\"\nservice = \"echo\"\n"
        }
        try withUsherd(configuration("one")) { daemon in
            let address = try daemon.address("one")
            for round in 1...10 {
                try daemon.reload(configuration(names[round % 2]))
                let client = try Client(address)
                try expectEcho(client)
                client.close()
                #expect(try daemon.records("close", count: round).last?["listener"] == names[round % 2])
            }
            #expect(FileManager.default.fileExists(atPath: daemon.directory.appending("socket")))
        }
    }

    @Test func `a reload gives new connections the new service, and old ones keep theirs`() throws {
        try withUsherd(echo) { daemon in
            let address = try daemon.address("echo")
            let old = try Client(address)
            try expectEcho(old)
            try daemon.reload(echo.replacing("service = \"echo\"", with: "service = \"daytime\""))
            let new = try Client(address)
            #expect(try new.receiveLine()?.hasSuffix("-UTC") == true)
            new.close()
            #expect(try daemon.close(of: new.name)["service"] == "daytime")
            try expectEcho(old)
            old.close()
            #expect(try daemon.close(of: old.name)["service"] == "echo")
        }
    }

    @Test func `a reload keeps a chat room together`() throws {
        let chat = "[listener.room]\nlisten = \"unix://$DIR/room\"\nservice = \"chat\"\n"
        try withUsherd(chat) { daemon in
            let address = try daemon.address("room")
            let ada = try Client(address)
            _ = try ada.receiveLine()
            try daemon.reload(chat + "max-connections = 50\n")
            let bob = try Client(address)
            #expect(try bob.receiveLine()?.contains("1 other is here") == true)
            #expect(try ada.receiveLine()?.hasSuffix(" joined (2 here)") == true)
            for client in [ada, bob] { client.close() }
        }
    }

    @Test func `a reload keeps the connections in the backlog`() throws {
        try withUsherd(echo) { daemon in
            let address = try daemon.address("echo")
            try daemon.write(echo + "max-connections = 1000\n")
            daemon.send(signal: SIGSTOP)
            let clients = try (0..<50).map { _ in try Client(address) }
            daemon.send(signal: SIGHUP)
            daemon.send(signal: SIGCONT)
            for client in clients { try expectEcho(client) }
            #expect(try daemon.record("reload")["message"] == "configuration reloaded: 1 changed")
            for client in clients { client.close() }
        }
    }

    @Test func `a reload changes format and destination of the log`() throws {
        try withUsherd(echo) { daemon in
            let address = try daemon.address("echo")
            try daemon.reload("[log]\nto = \"file:$DIR/log\"\nformat = \"text\"\n" + echo)
            try Client(address).close()
            try waitUntil("the file tells of the connection") { daemon.directory.read("log").contains("client-closed") }
            #expect(daemon.directory.read("log").contains("  open      echo        #1      tcp://127.0.0.1:"))
            #expect(daemon.records("open").isEmpty)

            try daemon.reload(echo)
            try Client(address).close()
            _ = try daemon.record("close") { $0.connection == 2 }
            #expect(!daemon.directory.read("log").contains("#2"))
            // The harness expects both halves of every connection's story in one place.
        }
    }

    @Test func `a reload reads new files in conf.d`() throws {
        try withUsherd(echo) { daemon in
            try daemon.directory.makeDirectory("conf.d")
            try daemon.directory.write(
                "[listener.more]\nlisten = \"unix://\(daemon.directory.path)/more\"\nservice = \"echo\"\n",
                to: "conf.d/more.toml")
            try daemon.reload()
            #expect(try daemon.record("reload")["message"] == "configuration reloaded: 1 added, 1 unchanged")
            try expectEcho(Client(daemon.address("more")))
        }
    }

    @Test func `reloads leak no descriptor`() throws {
        let other = "[listener.other]\nlisten = [\"tcp://127.0.0.1:0\", \"unix://$DIR/other\"]\nservice = \"chat\"\n"
        try withUsherd(echo) { daemon in
            // Dispatch makes a descriptor for each of its clocks when it first needs it, and keeps it; ten leaks are more.
            let before = daemon.descriptorCount
            for _ in 0..<10 {
                try daemon.reload(echo + other)
                try daemon.reload(echo)
            }
            try daemon.records("stopped", count: 10)
            try waitUntil("the descriptors are closed") { daemon.descriptorCount < before + 5 }
        }
    }
}
