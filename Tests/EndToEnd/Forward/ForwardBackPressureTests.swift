// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Clients and upstreams that do not read.
@Suite struct ForwardBackPressureTests {
    private let count = 4

    private func check(_ listen: String, _ body: (Client, Client) -> (sender: Client, reader: Client)) throws {
        let directory = try TemporaryDirectory()
        let server =
            try listen.hasPrefix("unix")
            ? Server(ServerAddress(.unix(path: directory.appending("up")))) : Server(receiveBuffer: 32768)
        let configuration = """
            [listener.front]
            listen = "\(listen)"
            service = "forward"
            to = "\(server.address)"
            """
        try withUsherd(configuration) { daemon in
            let address = try daemon.address("front")
            let well = try Client(address)
            let wellServed = try server.accept()
            try well.send("x")
            #expect(try wellServed.receive(exactly: 1) == Array("x".utf8))
            let before = daemon.residentMemory

            let pairs = try (0..<count).map { _ in
                let client = try Client(address, receiveBuffer: 32768)
                return body(client, try server.accept())
            }
            let sent = try pairs.map { try $0.sender.fill() }
            #expect(sent.allSatisfy { $0 > 65536 })
            // What one read brings is held at most, or a pipe of the kernel's.
            #expect(daemon.residentMemory - before < 4096, "in KiB, after \(sent.reduce(0, +)) bytes")

            try well.send("still?")
            #expect(try wellServed.receive(exactly: 6) == Array("still?".utf8), "others are served meanwhile")

            for (pair, count) in zip(pairs, sent) {
                try pair.sender.finishWriting()
                #expect(try pair.reader.receiveAll().count == count)
                pair.sender.close()
                pair.reader.close()
            }
            well.close()
            wellServed.close()
            let ends = try daemon.records("close", count: count + 1)
            let moved = ends.map { max($0[number: "bytes_in"] ?? 0, $0[number: "bytes_out"] ?? 0) }
            #expect(moved.sorted() == (sent + [7]).sorted())
        }
    }

    @Test(arguments: ["tcp://127.0.0.1:0", "unix://$DIR/front"])
    func `an upstream that does not read takes little memory, and loses nothing`(listen: String) throws {
        try check(listen) { (sender: $0, reader: $1) }
    }

    @Test(arguments: ["tcp://127.0.0.1:0", "unix://$DIR/front"])
    func `a client that does not read takes little memory, and loses nothing`(listen: String) throws {
        try check(listen) { (sender: $1, reader: $0) }
    }

    @Test func `all descriptors are closed afterwards`() throws {
        let server = try Server()
        let configuration = """
            [daemon]
            lanes = 1

            [listener.front]
            listen = "tcp://127.0.0.1:0"
            service = "forward"
            to = "\(server.address)"
            """
        try withUsherd(configuration) { daemon in
            let address = try daemon.address("front")
            func round(_ first: Int) throws {
                let pairs = try (0..<20).map { _ in (try Client(address, receiveBuffer: 4096), try server.accept()) }
                // Enough for pipes, which are kept for the next ones, within bounds.
                for pair in pairs { _ = try pair.1.sendWhatFits(TestData.bytes(1 << 20)) }
                for pair in pairs {
                    pair.0.reset()
                    pair.1.close()
                }
                try daemon.records("close", count: first + 20)
            }
            try round(0)
            let before = daemon.descriptorCount
            for number in 1..<6 { try round(number * 20) }
            // Up to 32 pipes rest on the lane, each with two ends.
            #expect(daemon.descriptorCount <= before + 64)
        }
    }
}
