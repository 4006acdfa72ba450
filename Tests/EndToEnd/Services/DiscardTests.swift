// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Everything is thrown away: RFC 863.
@Suite struct DiscardTests {
    @Test func `discard reads all from socat and sends nothing`() throws {
        try withUsherd("[listener.bin]\nlisten = \"tcp://127.0.0.1:0\"\nservice = \"discard\"") { daemon in
            let address = try daemon.address("bin")
            let result = try run("socat", ["-t", "60", "-", address.socat], input: TestData.tenMebibytes)
            #expect(result.succeeded, "\(result.errors)")
            #expect(result.output.isEmpty)
            let close = try daemon.record("close")
            #expect(close[number: "bytes_in"] == 10 << 20)
            #expect(close[number: "bytes_out"] == 0)
            #expect(close["reason"] == "client-closed")
        }
    }

    @Test func `discard reads a client that never stops`() throws {
        try withUsherd("[listener.bin]\nlisten = \"unix-seqpacket://$DIR/bin\"\nservice = \"discard\"") { daemon in
            let client = try Client(daemon.address("bin"))
            for size in [1, 1000, 65536, 1] { try client.send([UInt8](repeating: 7, count: size)) }
            client.close()
            #expect(try daemon.record("close")[number: "bytes_in"] == 66538)
        }
    }
}
