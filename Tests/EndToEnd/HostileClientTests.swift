// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Clients that do what no client should. Each gets its close record, and nobody else notices.
@Suite struct HostileClientTests {
    private let everything = """
        [listener.echo]
        listen = ["tcp://127.0.0.1:0", "unix://$DIR/echo", "unix-seqpacket://$DIR/packets"]
        service = "echo"

        [listener.discard]
        listen = "tcp://127.0.0.1:0"
        service = "discard"

        [listener.daytime]
        listen = "tcp://127.0.0.1:0"
        service = "daytime"

        [listener.time]
        listen = "tcp://127.0.0.1:0"
        service = "time"

        [listener.chargen]
        listen = "tcp://127.0.0.1:0"
        service = "chargen"

        [listener.chat]
        listen = "tcp://127.0.0.1:0"
        service = "chat"
        """

    private let services = ["echo", "discard", "daytime", "time", "chargen", "chat"]

    /// Expects that a client who behaves is served.
    private func expectService(_ daemon: Usherd) throws {
        let client = try Client(daemon.address("echo"))
        try client.send("well?")
        #expect(try client.receive(exactly: 5) == Array("well?".utf8))
        client.close()
    }

    @Test func `silent clients end by idle-timeout`() throws {
        try withUsherd(everything) { daemon in
            for service in services {
                let client = try Client(daemon.address(service))
                client.close()
                let close = try daemon.close(of: client.name)
                #expect(close[number: "bytes_in"] == 0)
            }
            try expectService(daemon)
        }
    }

    @Test func `a reset at any stage is handled`() throws {
        try withUsherd(everything) { daemon in
            for service in services {
                let address = try daemon.address(service)
                try Client(address).reset()

                let afterTalk = try Client(address)
                try afterTalk.send("x\n")
                afterTalk.reset()

                let afterHalfClose = try Client(address)
                try afterHalfClose.send("x\n")
                try afterHalfClose.finishWriting()
                afterHalfClose.reset()

                let withMuchOnTheWay = try Client(address, receiveBuffer: 4096)
                _ = try? withMuchOnTheWay.sendWhatFits([UInt8](repeating: 0x0a, count: 65536))
                withMuchOnTheWay.reset()
            }
            let ends = try daemon.records("close", count: 4 * services.count)
            let reasons = Set(ends.compactMap { $0["reason"] })
            #expect(reasons.contains("reset-by-client"))
            let known: Set = ["reset-by-client", "client-closed", "finished"]
            #expect(reasons.isSubset(of: known), "\(ends.filter { $0["reason"] == "error" }.map(\.line))")
            try expectService(daemon)
        }
    }

    @Test func `random bytes do no harm`() throws {
        try withUsherd(everything) { daemon in
            let garbage = TestData.bytes(300_000)
            for service in services {
                let client = try Client(daemon.address(service))
                // A service that has nothing to say to it, or does not read answers, may end it meanwhile.
                _ = try? client.sendWhatFits(garbage)
                client.close()
                _ = try daemon.close(of: client.name)
            }
            try expectService(daemon)
        }
    }

    @Test func `single bytes are handled`() throws {
        try withUsherd(everything) { daemon in
            let client = try Client(daemon.address("echo"))
            for byte in TestData.bytes(2000) {
                try client.send([byte])
                #expect(try client.receive(exactly: 1) == [byte])
            }
            client.close()
            #expect(try daemon.record("close")[number: "bytes_out"] == 2000)
        }
    }

    @Test func `urgent data does not stall a connection`() throws {
        try withUsherd(everything) { daemon in
            let client = try Client(daemon.address("echo"))
            try client.send("before ")
            try client.send(Array("!".utf8), flags: CInt(MSG_OOB))
            try client.send("between ")
            try client.send(Array("!".utf8), flags: CInt(MSG_OOB))
            try client.send("after")
            try client.finishWriting()
            let all = String(decoding: try client.receiveAll(), as: UTF8.self)
            #expect(all.filter { $0 != "!" } == "before between after")
            client.close()
            #expect(try daemon.record("close")["reason"] == "client-closed")
        }
    }

    @Test func `descriptors that a Unix client passes are closed`() throws {
        try withUsherd(everything) { daemon in
            try expectService(daemon)
            try daemon.records("close", count: 1)
            let before = daemon.descriptorCount
            let result = try python(
                """
                import array, socket, sys
                def passing(kind, path):
                    client = socket.socket(socket.AF_UNIX, kind)
                    client.settimeout(60)
                    client.connect(path)
                    for _ in range(50):
                        socket.send_fds(client, [b"take this"], [0, 1, 2])
                        assert client.recv(64) == b"take this"
                    return client
                clients = [passing(socket.SOCK_STREAM, sys.argv[1]), passing(socket.SOCK_SEQPACKET, sys.argv[2])]
                print(len(__import__("os").listdir(f"/proc/{sys.argv[3]}/fd")))
                """,
                [
                    daemon.directory.appending("echo"), daemon.directory.appending("packets"), "\(daemon.identifier)",
                ])
            #expect(result.succeeded, "\(result.errors)")
            #expect(Int(result.text.dropLast()) == before + 2, "two connections, and nothing that came through them")
        }
    }

    @Test func `a killed client is detected`() throws {
        try withUsherd(everything) { daemon in
            let address = try daemon.address("echo")
            do {
                let victim = try ChildProcess("socat", ["PIPE", address.socat])
                _ = try daemon.record("open")
                victim.send(signal: SIGKILL)
                #expect(try victim.waitForEnd() == .killed(SIGKILL))
            }
            let close = try daemon.record("close")
            #expect(["client-closed", "reset-by-client"].contains(close["reason"]))
        }
    }

    @Test(.enabled(if: getuid() == 0, "needs CAP_NET_ADMIN for TCP_REPAIR"))
    func `keepalive detects a vanished host`() throws {
        let configuration = """
            [listener.echo]
            listen = "tcp://127.0.0.1:0"
            service = "echo"
            keepalive = { idle = "1s", interval = "1s", count = 1 }
            """
        try withUsherd(configuration) { daemon in
            let client = try Client(daemon.address("echo"))
            _ = try daemon.record("open")
            // A socket in repair mode goes without a word to its peer: tcp(7), TCP_REPAIR is 19.
            var on: CInt = 1
            let result = setsockopt(client.raw, CInt(IPPROTO_TCP), 19, &on, socklen_t(MemoryLayout<CInt>.size))
            try #require(result == 0, "\(POSIXFailure("setsockopt"))")
            client.close()
            let close = try daemon.record("close")
            #expect(["reset-by-client", "error"].contains(close["reason"]))
        }
    }
}
