// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// A room for everybody on the listener.
@Suite struct ChatTests {
    private let room = """
        [listener.room]
        listen = ["tcp://127.0.0.1:0", "unix://$DIR/room", "unix-seqpacket://$DIR/packets"]
        service = "chat"
        """

    /// Comes in, is greeted, and takes a name.
    private func join(_ daemon: Usherd, _ index: Int, as name: String, others: Int) throws -> Client {
        let client = try Client(daemon.address("room", index))
        let greeting = try #require(try client.receiveLine())
        let count = ["Nobody else is here yet.", "1 other is here."]
        #expect(greeting.contains(count.indices.contains(others) ? count[others] : "\(others) others are here."))
        #expect(greeting.contains("/quit"))
        try client.send("/nick \(name)\n")
        #expect(try client.receiveLine() == "* You are now \(name).")
        return client
    }

    @Test func `members of different address families are in one room`() throws {
        try withUsherd(room) { daemon in
            let ada = try join(daemon, 0, as: "ada", others: 0)
            let bob = try join(daemon, 1, as: "bob", others: 1)
            #expect(try ada.receiveLine()?.hasSuffix(" joined (2 here)") == true)
            #expect(try ada.receiveLine()?.hasSuffix(" is now bob") == true)
            let cyd = try join(daemon, 2, as: "cyd", others: 2)
            for member in [ada, bob] {
                #expect(try member.receiveLine()?.hasSuffix(" joined (3 here)") == true)
                #expect(try member.receiveLine()?.hasSuffix(" is now cyd") == true)
            }

            try ada.send("Grüße, 世界 🚦\r\n")
            for member in [bob, cyd] { #expect(try member.receiveLine() == "<ada> Grüße, 世界 🚦") }
            // A message is a line even without its end.
            try cyd.send("from a packet")
            for member in [ada, bob] { #expect(try member.receiveLine() == "<cyd> from a packet") }

            try bob.send("/who\n")
            #expect(try bob.receiveLine() == "* 3 are here: bob (you), ada, cyd")
            try bob.send("/quit\n")
            #expect(try bob.receiveLine() == "* Goodbye.")
            #expect(try bob.receiveAll().isEmpty)
            bob.close()
            for member in [ada, cyd] { #expect(try member.receiveLine() == "* bob left (2 here)") }
            let close = try daemon.record("close")
            #expect(close["reason"] == "finished")
            #expect(close["by"] == "client")

            cyd.close()
            #expect(try ada.receiveLine() == "* cyd left (1 here)")
            ada.reset()
            #expect(try daemon.close(of: ada.name)["reason"] == "reset-by-client")
        }
    }

    @Test func `a name in use is refused`() throws {
        try withUsherd(room) { daemon in
            let ada = try join(daemon, 0, as: "ada", others: 0)
            let bob = try join(daemon, 0, as: "bob", others: 1)
            try bob.send("/nick ADA\n")
            #expect(try bob.receiveLine() == "* The name ADA is in use.")
            try bob.send("/nick <root>\n")
            #expect(try bob.receiveLine()?.contains("is not allowed") == true)
            try bob.send("/nock\n")
            #expect(try bob.receiveLine()?.hasPrefix("* Unknown command /nock; /help ") == true)
            for client in [ada, bob] { client.close() }
        }
    }

    @Test func `a line that is too long or not UTF-8 gets an error message`() throws {
        try withUsherd(room) { daemon in
            let ada = try join(daemon, 0, as: "ada", others: 0)
            let bob = try join(daemon, 1, as: "bob", others: 1)
            for _ in 0..<2 { _ = try ada.receiveLine() }

            try bob.send(String(repeating: "a", count: 5000) + "\n")
            #expect(try bob.receiveLine() == "* That line was not sent: it is longer than 4096 bytes.")
            try bob.send([0xff, 0xfe, 0x0a])
            #expect(try bob.receiveLine() == "* That line was not sent: it is not UTF-8.")
            try bob.send(String(repeating: "b", count: 4096) + "\nshort\n")
            #expect(try ada.receiveLine() == "<bob> " + String(repeating: "b", count: 4096))
            #expect(try ada.receiveLine() == "<bob> short")
            for client in [ada, bob] { client.close() }
        }
    }

    @Test func `control characters do not reach the terminals of others`() throws {
        try withUsherd(room) { daemon in
            let ada = try join(daemon, 0, as: "ada", others: 0)
            let bob = try join(daemon, 1, as: "bob", others: 1)
            for _ in 0..<2 { _ = try ada.receiveLine() }
            try bob.send("\u{1b}[2J\u{7}owned\u{202e}\n")
            let line = try #require(try ada.receiveLine())
            #expect(line.hasPrefix("<bob> "))
            #expect(line.contains("owned"))
            #expect(line.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x202e })
            for client in [ada, bob] { client.close() }
        }
    }

    @Test func `a member that does not read is disconnected, and delays no other`() throws {
        try withUsherd(room) { daemon in
            let ada = try join(daemon, 0, as: "ada", others: 0)
            let deaf = try Client(daemon.address("room"), receiveBuffer: 4096)
            let bob = try join(daemon, 1, as: "bob", others: 2)
            for _ in 0..<3 { _ = try ada.receiveLine() }
            let line = String(repeating: "x", count: 4000)
            var isDropped = false
            // The kernel takes some megabytes for whoever does not read; then the room's own queue fills.
            for _ in 0..<10_000 where !isDropped {
                try ada.send(line + "\n")
                while let heard = try bob.receiveLine(), heard != "<ada> \(line)" {
                    isDropped = heard.hasSuffix(" was disconnected: it did not read (2 here)")
                    if isDropped { break }
                }
            }
            #expect(isDropped)
            let close = try daemon.close(of: deaf.name)
            #expect(close["reason"] == "slow-reader")
            #expect(close["by"] == "daemon")
            try ada.send("still here?\n")
            try waitUntil("the room goes on") { try bob.receiveLine() == "<ada> still here?" }
            for client in [ada, bob, deaf] { client.close() }
        }
    }

    @Test func `ncat can chat`() throws {
        try withUsherd(room) { daemon in
            let ada = try join(daemon, 0, as: "ada", others: 0)
            let result = try run(
                "ncat", ["-U", daemon.directory.appending("room")], input: Array("/nick ned\nhello from ncat\n".utf8))
            #expect(result.succeeded, "\(result.errors)")
            #expect(result.text.contains("* You are now ned.\n"))
            while let line = try ada.receiveLine(), line != "<ned> hello from ncat" {}
            #expect(try ada.receiveLine() == "* ned left (1 here)")
            ada.close()
        }
    }

    @Test func `every member gets a goodbye when the daemon stops`() throws {
        try withUsherd("[daemon]\ndrain-timeout = \"0s\"\n" + room) { daemon in
            let ada = try join(daemon, 0, as: "ada", others: 0)
            let cyd = try join(daemon, 2, as: "cyd", others: 1)
            try daemon.stop()
            #expect(
                try String(decoding: ada.receiveAll(), as: UTF8.self).hasSuffix("* The server is stopping. Goodbye.\n"))
            #expect(try cyd.receive() == Array("* The server is stopping. Goodbye.\n".utf8))
        }
    }
}
