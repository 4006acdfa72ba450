// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// An end of one side passes through; the other side lives on.
@Suite struct ForwardHalfCloseTests {
    static let families = ["tcp://127.0.0.1:0", "unix://$DIR/front", "unix-seqpacket://$DIR/front"]

    private func withRelay(_ listen: String, _ body: (Usherd, Client, Client) throws -> Void) throws {
        let directory = try TemporaryDirectory()
        let server =
            switch listen.prefix(6) {
            case "unix-s":
                try Server(ServerAddress(.unix(path: directory.appending("up")), type: .seqpacket))
            case "unix:/": try Server(ServerAddress(.unix(path: directory.appending("up"))))
            default: try Server()
            }
        let configuration = """
            [listener.front]
            listen = "\(listen)"
            service = "forward"
            to = "\(server.address)"
            """
        try withUsherd(configuration) { daemon in
            let client = try Client(daemon.address("front"))
            let upstream = try server.accept()
            try body(daemon, client, upstream)
            client.close()
            upstream.close()
        }
    }

    @Test(arguments: families)
    func `half-close from the client reaches the upstream, which still answers`(listen: String) throws {
        try withRelay(listen) { daemon, client, upstream in
            try client.send("question")
            try client.finishWriting()
            #expect(try upstream.receiveAll() == Array("question".utf8))
            for word in ["a", "long", "answer"] {
                try upstream.send(word)
                #expect(try client.receive(exactly: word.utf8.count) == Array(word.utf8))
            }
            #expect(daemon.records("close").isEmpty)
            upstream.close()
            #expect(try client.receiveAll().isEmpty)
            let close = try daemon.record("close")
            #expect(close["reason"] == "client-closed")
            #expect(close["by"] == "client")
            #expect(close[number: "bytes_in"] == 8)
            #expect(close[number: "bytes_out"] == 11)
        }
    }

    @Test(arguments: families)
    func `half-close from the upstream reaches the client, which still sends`(listen: String) throws {
        try withRelay(listen) { daemon, client, upstream in
            try upstream.send("that is all")
            try upstream.finishWriting()
            #expect(try client.receiveAll() == Array("that is all".utf8))
            for word in ["a", "long", "story"] {
                try client.send(word)
                #expect(try upstream.receive(exactly: word.utf8.count) == Array(word.utf8))
            }
            #expect(daemon.records("close").isEmpty)
            client.close()
            #expect(try upstream.receiveAll().isEmpty)
            let close = try daemon.record("close")
            #expect(close["reason"] == "upstream-closed")
            #expect(close["by"] == "upstream")
            #expect(close[number: "bytes_in"] == 10)
            #expect(close[number: "bytes_out"] == 11)
        }
    }

    @Test func `half-close before the upstream is connected loses nothing`() throws {
        let server = try Server()
        try withUsherd(
            "[listener.front]\nlisten = \"tcp://127.0.0.1:0\"\nservice = \"forward\"\nto = \"\(server.address)\""
        ) { daemon in
            for text in ["", "x", String(repeating: "much ", count: 20_000)] {
                let client = try Client(daemon.address("front"))
                try client.send(text)
                try client.finishWriting()
                let upstream = try server.accept()
                #expect(try upstream.receiveAll() == Array(text.utf8))
                try upstream.send("got it")
                upstream.close()
                #expect(try client.receiveAll() == Array("got it".utf8))
                client.close()
                #expect(try daemon.close(of: client.name)[number: "bytes_in"] == text.utf8.count)
            }
        }
    }

    @Test(arguments: families)
    func `half-closes of both sides lose no data in flight`(listen: String) throws {
        try withRelay(listen) { daemon, client, upstream in
            // More than the buffers hold: a thread at each end has to read while the other one writes.
            let bytes = TestData.bytes(3 << 20)
            let size = 32 << 10
            let sender = Thread.running {
                for start in stride(from: 0, to: bytes.count, by: size) {
                    try client.send(Array(bytes[start..<min(start + size, bytes.count)]))
                }
                try client.finishWriting()
            }
            let received = try upstream.receiveAll()
            #expect(received == bytes)
            try sender.wait()
            let answerer = Thread.running {
                for start in stride(from: 0, to: bytes.count, by: size) {
                    try upstream.send(Array(bytes[start..<min(start + size, bytes.count)]))
                }
                upstream.close()
            }
            #expect(try client.receiveAll() == bytes)
            try answerer.wait()
            let close = try daemon.record("close")
            #expect(close[number: "bytes_in"] == bytes.count)
            #expect(close[number: "bytes_out"] == bytes.count)
        }
    }
}
