// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// What SIGHUP does when the new configuration is wrong, or cannot be put in force: nothing, and it says why.
@Suite struct FailedReloadTests {
    private let echo = """
        [listener.echo]
        listen = ["tcp://127.0.0.1:0", "unix://$DIR/echo"]
        service = "echo"

        """

    /// Reloads to what cannot be, and expects that everything is as it was.
    ///
    /// - Returns: the message of the record, behind "the old configuration stays in force: ".
    private func failure(of daemon: Usherd, reloading change: () throws -> Void) throws -> String {
        let addresses = try [daemon.address("echo", 0), daemon.address("echo", 1)]
        let clients = try addresses.map { try Client($0) }
        for client in clients { try client.send("x") }
        for client in clients { #expect(try client.receive(exactly: 1) == Array("x".utf8)) }

        try change()
        let ready = try daemon.reload()
        let record = try daemon.record("reload-failed")
        #expect(record["level"] == "error")
        let message = try #require(record["message"])
        let prefix = "the old configuration stays in force: "
        try #require(message.hasPrefix(prefix))
        let reason = String(message.dropFirst(prefix.count))
        #expect(ready.contains("failed, the old configuration is in force: \(reason)"))

        // Dispatch makes a descriptor for each of its clocks when it first needs it, and keeps it; ten leaks are more.
        let descriptors = daemon.descriptorCount
        for _ in 0..<10 { try daemon.reload() }
        #expect(daemon.descriptorCount < descriptors + 5)

        for client in clients {
            try client.send("y")
            #expect(try client.receive(exactly: 1) == Array("y".utf8))
            client.close()
        }
        for address in addresses {
            let client = try Client(address)
            try client.send("z")
            #expect(try client.receive(exactly: 1) == Array("z".utf8))
            client.close()
        }
        #expect(daemon.records("listening").count == 2)
        #expect(daemon.records("reload").isEmpty)
        return reason
    }

    @Test func `a failed reload names the place of the mistake`() throws {
        try withUsherd(echo) { daemon in
            let reason = try failure(of: daemon) { try daemon.write(echo + "idle-timeout = \"10 parsecs\"\n") }
            #expect(reason.hasPrefix("\(daemon.directory.path)/usherd.toml:7:"))
            #expect(daemon.status?.contains("usherd.toml:7:") == true)
        }
    }

    @Test func `a failed reload counts further mistakes`() throws {
        try withUsherd(echo) { daemon in
            let reason = try failure(of: daemon) { try daemon.write(echo + "nonsense = 1\nmore = 2\nlifetime = 3\n") }
            #expect(reason.contains("and 2 more mistakes: usherd --check"))
        }
    }

    @Test func `a reload without the file changes nothing`() throws {
        try withUsherd(echo) { daemon in
            let path = daemon.directory.appending("usherd.toml")
            let reason = try failure(of: daemon) { try FileManager.default.removeItem(atPath: path) }
            #expect(reason.contains(path))
            #expect(reason.contains("No such file or directory"))
            try daemon.reload(echo)
            #expect(try daemon.record("reload")["message"] == "configuration reloaded: 1 unchanged")
            #expect(daemon.status?.contains("failed") == false)
        }
    }

    @Test func `a reload with a listener that cannot listen is undone`() throws {
        let occupant = try Usherd("[listener.echo]\nlisten = \"tcp://127.0.0.1:0\"\nservice = \"echo\"\n")
        let occupied = try occupant.address("echo")
        try withUsherd(echo) { daemon in
            let reason = try failure(of: daemon) {
                try daemon.write(
                    """
                    [daemon]
                    max-connections = 1

                    \(echo)
                    lifetime = "1ms"

                    [listener.first]
                    listen = "unix://$DIR/first"
                    service = "echo"

                    [listener.second]
                    listen = "\(occupied)"
                    service = "echo"
                    """)
            }
            #expect(reason.contains("listener second: cannot listen on \(occupied): "))
            #expect(reason.contains("EADDRINUSE"))
            #expect(!FileManager.default.fileExists(atPath: daemon.directory.appending("first")))
        }
        #expect(try occupant.stop() == .exited(0))
    }

    @Test func `a reload does not change the number of lanes`() throws {
        try withUsherd("[daemon]\nlanes = 1\n" + echo) { daemon in
            let reason = try failure(of: daemon) { try daemon.write("[daemon]\nlanes = 2\n" + echo) }
            #expect(reason.contains("lanes"))
            #expect(reason.contains("restart"))
        }
    }

    @Test func `a reload with an unusable log changes nothing`() throws {
        try withUsherd(echo) { daemon in
            let reason = try failure(of: daemon) {
                try daemon.write("[log]\nto = [\"stderr\", \"file:$DIR/missing/log\"]\n" + echo)
            }
            #expect(reason.contains("\(daemon.directory.path)/missing"))
        }
    }

    @Test func `a failed reload restores the mode of a kept path`() throws {
        func configuration(_ mode: String, _ rest: String = "") -> String {
            "[listener.echo]\nlisten = [\"tcp://127.0.0.1:0\", \"unix://$DIR/echo?mode=\(mode)\"]\nservice = \"echo\"\n\(rest)"
        }
        try withUsherd(configuration("0600")) { daemon in
            _ = try failure(of: daemon) {
                try daemon.write(
                    configuration("0666", "[listener.no]\nlisten = \"unix://$DIR/no/such\"\nservice = \"echo\"\n"))
            }
            let attributes = try FileManager.default.attributesOfItem(atPath: daemon.directory.appending("echo"))
            #expect(attributes[.posixPermissions] as? Int == 0o600)
        }
    }
}
