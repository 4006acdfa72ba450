// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The services that tell the time: daytime (RFC 867) and time (RFC 868).
@Suite struct ClockTests {
    private let clocks = """
        [listener.words]
        listen = ["tcp://127.0.0.1:0", "unix://$DIR/words", "unix-seqpacket://$DIR/words-packet"]
        service = "daytime"

        [listener.number]
        listen = ["tcp://127.0.0.1:0", "unix-seqpacket://$DIR/number"]
        service = "time"
        """

    @Test(arguments: 0..<3)
    func `daytime sends socat the time in words`(index: Int) throws {
        try withUsherd(clocks) { daemon in
            let before = Date()
            let result = try run("socat", ["-u", daemon.address("words", index).socat, "-"])
            let after = Date()
            #expect(result.succeeded, "\(result.errors)")
            let formatter = DateFormatter()
            formatter.locale = Locale(identifier: "en_US_POSIX")
            formatter.timeZone = TimeZone(identifier: "UTC")
            formatter.dateFormat = "EEEE, MMMM d, yyyy HH:mm:ss'-UTC\r\n'"
            let seconds = Int(before.timeIntervalSince1970)...Int(after.timeIntervalSince1970)
            let possible = seconds.map { formatter.string(from: Date(timeIntervalSince1970: Double($0))) }
            #expect(possible.contains(result.text))
            let close = try daemon.record("close")
            #expect(close["reason"] == "finished")
            #expect(close["by"] == "service")
            #expect(close[number: "bytes_out"] == result.output.count)
        }
    }

    @Test func `time sends Python the seconds since 1900`() throws {
        try withUsherd(clocks) { daemon in
            let result = try python(
                """
                import socket, struct, sys, time
                def ask(client):
                    before = int(time.time())
                    answer = b""
                    while part := client.recv(16): answer += part
                    after = int(time.time())
                    (seconds,) = struct.unpack("!I", answer)
                    assert before <= seconds - 2208988800 <= after, (before, seconds, after)
                ask(socket.create_connection(("127.0.0.1", int(sys.argv[1])), 60))
                packets = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                packets.settimeout(60)
                packets.connect(sys.argv[2])
                ask(packets)
                """, ["\(daemon.address("number").port)", daemon.directory.appending("number")])
            #expect(result.succeeded, "\(result.errors)")
            #expect(try daemon.records("close", count: 2).allSatisfy { $0[number: "bytes_out"] == 4 })
        }
    }

    @Test func `a client that sends continuously is answered`() throws {
        try withUsherd(clocks) { daemon in
            let client = try Client(daemon.address("number"))
            try client.send([UInt8](repeating: 0x55, count: 100_000))
            #expect(try client.receiveAll().count == 4, "what was said must not be lost to a reset")
            client.close()
            #expect(try daemon.record("close")["reason"] == "finished")
        }
    }
}
