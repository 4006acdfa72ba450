// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Configuration

/// What is valid, but may not do what its author expects.
@Suite struct NoteTests {
    private static let relay = """
        [listener.db]
        listen = "tcp://127.0.0.1:5432"
        service = "forward"
        to = "tcp://10.0.0.5:5432"

        """

    private static let defaults = "[defaults]\nidle-timeout = \"10m\"\n"

    @Test func `a relay that inherits an idle-timeout gets a note that says where it is set`() throws {
        let (configuration, problems) = Configuration.parse(Self.relay + Self.defaults)
        #expect(problems.isEmpty)
        let note = try #require(configuration?.notes.first)
        #expect(configuration?.notes.count == 1)
        #expect(note.severity == .note)
        #expect(
            note.description == """
                usherd.toml:1:11: note: the listener `db` relays, and inherits idle-timeout = "10m": a connection that is \
                silent for that long is closed
                    1 | [listener.db]
                      |           ^^
                usherd.toml:6:1: note: it is set here for all listeners
                    6 | idle-timeout = "10m"
                      | ^^^^^^^^^^^^
                help: add idle-timeout = false for connections that may rest, such as those of SSH, of database pools or of \
                watches; or add idle-timeout = "10m" to keep it
                """)
    }

    @Test(arguments: [
        relay, relay + "idle-timeout = \"10m\"\n" + defaults, relay + "idle-timeout = false\n" + defaults,
        relay + "[defaults]\nidle-timeout = false\n",
        relay.replacing("forward", with: "echo").replacing("to = \"tcp://10.0.0.5:5432\"", with: "") + defaults,
        relay.replacing("tcp://", with: "udp://") + defaults,
    ])
    func `an idle-timeout that was chosen, or that ends flows, gets no note`(text: String) {
        let (configuration, problems) = Configuration.parse(text)
        #expect(problems.isEmpty, "\(problems)")
        #expect(configuration?.notes.isEmpty == true)
    }

    @Test func `notes are in the order of their places`() throws {
        let second = Self.relay.replacing("db", with: "later").replacing(":5432", with: ":5433")
        let (configuration, _) = Configuration.parse(Self.relay + second + Self.defaults)
        #expect(configuration?.notes.map(\.location.place?.line) == [1, 5])
    }

    @Test func `a configuration with mistakes has no notes`() {
        let (configuration, problems) = Configuration.parse(Self.relay + "nonsense = 1\n" + Self.defaults)
        #expect(configuration == nil)
        #expect(problems.allSatisfy { $0.severity == .mistake })
    }

    @Test(arguments: [(1, "1 note\n\n"), (2, "2 notes\n\n")])
    func `a report counts the notes`(count: Int, beginning: String) throws {
        let note = try #require(Configuration.parse(Self.relay + Self.defaults).0?.notes.first)
        let report = ConfigurationProblem.report(notes: Array(repeating: note, count: count))
        #expect(report.hasPrefix(beginning))
        #expect(report.components(separatedBy: "\n\nusherd.toml:1:11: note: ").count == count + 1)
    }

    @Test(arguments: [
        "tcp://[fe80::1%eth9]:7", "udp://239.1.2.3:5000?interface=eth9", "udp://[ff02::1%eth9]:5000",
    ])
    func `a missing interface gets a note`(address: String) throws {
        let (configuration, problems) = Configuration.parse(
            "listener.x = { listen = \"\(address)\", service = \"echo\" }\n")
        #expect(problems.isEmpty, "\(problems)")
        let notes = try #require(configuration).notes.map(\.description)
        #expect(notes.count == 1)
        #expect(notes.first?.contains("note: this host has no interface `eth9`: usherd waits for it\n") == true)
        #expect(notes.first?.hasSuffix("\nhelp: `ip link` shows the interfaces") == true)
    }
}
