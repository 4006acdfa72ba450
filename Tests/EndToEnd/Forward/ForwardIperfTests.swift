// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// iperf3(1), through it: two connections at once, and as many bytes as go through.
@Suite struct ForwardIperfTests {
    /// More than the buffers of all sockets and of the relay hold: else the client could have written everything before the
    /// server has read anything.
    private let length = 256 << 20

    /// With how many connections, one of which is for talking about it.
    @Test(arguments: [([], 2), (["--reverse"], 2), (["--bidir"], 3), (["--parallel", "4"], 5)])
    func `iperf3 transfers all bytes`(options: [String], connections: Int) throws {
        let directory = try TemporaryDirectory()
        let port = try ReservedPort()
        let server = try ServerProgram(
            "iperf3",
            [
                "--server", "--one-off", "--forceflush", "--bind", "127.0.0.1", "--port", "\(port.address.port)",
            ], in: directory
        ) { $0.contains("listening") }
        try withUsherd(
            "[listener.front]\nlisten = \"tcp://127.0.0.1:0\"\nservice = \"forward\"\nto = \"\(port.address)\""
        ) { daemon in
            let address = try daemon.address("front")
            let result = try run(
                "iperf3",
                [
                    "--client", "127.0.0.1", "--port", "\(address.port)", "--bytes", "\(length)", "--json",
                    "--connect-timeout", "60000", "--window", "128K",
                ] + options)
            #expect(result.succeeded, "\(result.text) \(result.errors) \(server.said)")
            let report = try #require(JSONSerialization.jsonObject(with: Data(result.output)) as? [String: Any])
            let end = try #require(report["end"] as? [String: Any])
            let sum = try #require(end["sum_received"] as? [String: Any])
            let received = try #require(sum["bytes"] as? Int)
            #expect(received > 0)
            _ = try server.waitForEnd()
            let ends = try daemon.records("close", count: connections)
            let bytes = ends.map { ($0[number: "bytes_in"] ?? 0) + ($0[number: "bytes_out"] ?? 0) }.reduce(0, +)
            // iperf3 reads nothing any more once its peer has said that the test is over.
            #expect(bytes >= received)
        }
    }
}
