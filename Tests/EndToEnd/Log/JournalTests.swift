// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Records in the journal, by what arrives at a socket that stands where journald's would.
///
/// The daemon sees it at `/run/systemd/journal/socket` in a mount namespace of its own: that takes root, or a user
/// namespace where the kernel grants one.
@Suite(.enabled(if: MountNamespace.isAvailable, "neither root nor user namespaces: no place for a fake journal"))
struct JournalTests {
    private let echo = """
        [log]
        to = "journal"

        [listener.echo]
        listen = "unix://$DIR/echo"
        service = "echo"
        """

    /// Starts usherd with a journal that is ours.
    private func withJournal(
        _ configuration: String, environment: [String: String] = [:], _ body: (Usherd, DatagramSocket) throws -> Void
    ) throws {
        let directory = try TemporaryDirectory()
        try directory.makeDirectory("journal")
        let journal = try DatagramSocket(directory.appending("journal/socket"))
        let script = """
            mount -t tmpfs none /run && mkdir -p /run/systemd/journal &&
            mount --bind \(directory.path)/journal /run/systemd/journal
            """
        let wrapper = MountNamespace.wrapper(script)
        try withUsherd(
            configuration, .init(environment: environment, wrapper: wrapper, directory: directory)
        ) { try body($0, journal) }
    }

    /// The fields of an entry in the journal's native protocol: `NAME=value`, or `NAME`, a 64-bit length, and the value.
    private func fields(_ bytes: [UInt8]) throws -> [String: String] {
        var result: [String: String] = [:]
        var rest = bytes[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let line = rest[..<end]
            rest = rest[(end + 1)...]
            if let equals = line.firstIndex(of: UInt8(ascii: "=")) {
                let name = String(decoding: line[..<equals], as: UTF8.self)
                #expect(result.updateValue(String(decoding: line[(equals + 1)...], as: UTF8.self), forKey: name) == nil)
            } else {
                let length = rest.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
                let value = rest.dropFirst(8).prefix(length)
                result[String(decoding: line, as: UTF8.self)] = String(decoding: value, as: UTF8.self)
                rest = rest.dropFirst(8 + length + 1)
            }
        }
        #expect(rest.isEmpty, "an entry ends with a line end")
        return result
    }

    private func entry(_ journal: DatagramSocket, _ event: String) throws -> [String: String] {
        try waitFor("an entry `\(event)`") {
            try journal.datagrams.lazy.map { try fields($0.bytes) }.first { $0["USHER_EVENT"] == event }
        }
    }

    @Test func `a journal entry has every field of a connection`() throws {
        try withJournal(echo) { daemon, journal in
            let path = daemon.directory.appending("echo")
            let client = try Client(ServerAddress(.unix(path: path)))
            try client.send("four")
            #expect(try client.receive(exactly: 4) == Array("four".utf8))
            client.close()

            var open = try entry(journal, "open")
            #expect(
                open.removeValue(forKey: "USHER_TIME")?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z/) != nil)
            // libsystemd adds where in the source the call was, if told; here it is not.
            let common = [
                "SYSLOG_IDENTIFIER": "usherd", "PRIORITY": "6", "USHER_LEVEL": "info", "USHER_LISTENER": "echo",
                "USHER_SERVICE": "echo", "USHER_CONNECTION": "1", "USHER_PEER": "unix://",
                "USHER_LOCAL": "unix://\(path)",
                // In a user namespace of its own the test's user is root too.
                "USHER_UID": "0", "USHER_GID": "0", "USHER_PID": "\(getpid())",
            ]
            #expect(
                open
                    == common.merging([
                        "MESSAGE": "echo: connection 1 from unix://", "MESSAGE_ID": "e64f290fbb0b414c8465bf07eae28615",
                        "USHER_EVENT": "open",
                    ]) { $1 })

            var close = try entry(journal, "close")
            close["USHER_TIME"] = nil
            let duration = close.removeValue(forKey: "USHER_DURATION_US")
            #expect(duration.flatMap { Int($0) } != nil)
            #expect(close.removeValue(forKey: "USHER_DURATION")?.wholeMatch(of: /[0-9.]+ (us|ms|s)/) != nil)
            let message = close.removeValue(forKey: "MESSAGE")
            #expect(message?.hasPrefix("echo: connection 1 from unix:// ended after ") == true)
            #expect(message?.hasSuffix(": client-closed by client (in 4 B, out 4 B)") == true)
            #expect(
                close
                    == common.merging([
                        "MESSAGE_ID": "796ac7e7e61144ee985376e4b8d171d9", "USHER_EVENT": "close", "USHER_BYTES_IN": "4",
                        "USHER_BYTES_OUT": "4", "USHER_REASON": "client-closed", "USHER_BY": "client",
                    ]) { $1 })
            #expect(daemon.said.isEmpty, "the journal is the only sink")
        }
    }

    @Test func `a failure has ERRNO and PRIORITY`() throws {
        try withJournal(echo) { daemon, journal in
            try daemon.reload(
                "[log]\nto = \"journal\"\n\n[listener.no]\nlisten = \"unix://$DIR/no/such\"\nservice = \"echo\"")
            let failed = try entry(journal, "reload-failed")
            #expect(failed["PRIORITY"] == "3")
            #expect(failed["MESSAGE_ID"] == "a24a9d2e8ecf49ef90439216cbde503f")
            #expect(failed["MESSAGE"]?.contains("listener no") == true)
        }
    }

    @Test func `the journal gets an entry for each connection under load`() throws {
        try withJournal(echo) { daemon, journal in
            let address = ServerAddress(.unix(path: daemon.directory.appending("echo")))
            for _ in 0..<500 { try Client(address).close() }
            try daemon.stop()
            let entries = try journal.datagrams.map { try fields($0.bytes) }
            let closed = entries.filter { $0["USHER_EVENT"] == "close" }.compactMap { $0["USHER_CONNECTION"] }
            #expect(closed.count == 500)
            #expect(Set(closed).count == 500)
            #expect(entries.last?["USHER_EVENT"] == "stopped")
        }
    }

    /// Where journald is stopped, its socket may stay, with nobody behind it, or be gone.
    @Test(arguments: [true, false])
    func `a journal restart blocks nothing, and lost records are reported`(socketStays: Bool) throws {
        let directory = try TemporaryDirectory()
        try directory.makeDirectory("journal")
        let path = directory.appending("journal/socket")
        var journal: DatagramSocket? = try DatagramSocket(path)
        let wrapper = MountNamespace.wrapper(
            "mount -t tmpfs none /run && mkdir -p /run/systemd/journal && mount --bind \(directory.path)/journal"
                + " /run/systemd/journal")
        let configuration = echo.replacing("\"journal\"", with: "[\"journal\", \"file:$DIR/log\"]\nformat = \"json\"")
        try withUsherd(configuration, .init(wrapper: wrapper, directory: directory)) { daemon in
            let address = ServerAddress(.unix(path: daemon.directory.appending("echo")))
            func connect() throws {
                let client = try Client(address)
                try client.send("hello\n")
                #expect(try client.receiveLine() == "hello")
                client.close()
            }
            try connect()
            if let journal { _ = try entry(journal, "close") }
            journal = nil
            if !socketStays { try FileManager.default.removeItem(atPath: path) }
            try waitUntil("the file says that the journal takes no records") {
                try connect()
                return directory.read("log").contains("\"event\":\"log-failed\"")
            }
            if socketStays { try FileManager.default.removeItem(atPath: path) }
            let next = try DatagramSocket(path)
            let resumed: [String: String] = try waitFor("the journal has records again") {
                try connect()
                return try next.datagrams.lazy.map { try fields($0.bytes) }.first { $0["USHER_EVENT"] == "log-resumed" }
            }
            #expect(resumed["USHER_LOST"].flatMap { Int($0) } ?? 0 > 0, "\(resumed)")
        }
    }

    @Test func `a missing journal is reported on standard error`() throws {
        let wrapper = MountNamespace.wrapper("mount -t tmpfs none /run")
        let daemon = try Usherd(starting: echo, .init(wrapper: wrapper))
        #expect(try daemon.waitForEnd() == .exited(78))
        #expect(daemon.said.contains("journal"))
    }
}
