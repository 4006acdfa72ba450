// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// psql(1) and pgbench(1), through it, over TCP and Unix sockets, mixed.
@Suite struct ForwardPostgreSQLTests {
    @Test func `psql and pgbench work through a relay`() throws {
        let database = try PostgreSQL()
        let configuration = """
            [listener.tcp]
            listen = "tcp://127.0.0.1:0"
            service = "forward"
            to = "\(database.unixAddress)"

            [listener.unix]
            listen = "unix://$DIR/.s.PGSQL.5432"
            service = "forward"
            to = "\(database.address)"
            """
        try withUsherd(configuration) { daemon in
            let places = [
                ["--host", "127.0.0.1", "--port", "\(try daemon.address("tcp").port)"],
                ["--host", daemon.directory.path, "--port", "5432"],
            ]
            for place in places {
                let login = place + ["--username", "usher"]
                let one = try run(
                    "psql",
                    login + [
                        "--no-psqlrc", "--dbname", "postgres", "--tuples-only", "--no-align", "--command",
                        "select 6 * 7",
                    ])
                #expect(one.text == "42\n", "\(one.errors)")

                // 4 MiB each way, in one value.
                let length = try run(
                    "psql", login + ["--no-psqlrc", "--dbname", "postgres", "--tuples-only", "--no-align"],
                    input: Array("select length('".utf8) + Array(repeating: 0x61, count: 4 << 20) + Array("');\n".utf8))
                #expect(length.text == "4194304\n", "\(length.errors)")
                let value = try run(
                    "psql",
                    login + [
                        "--no-psqlrc", "--dbname", "postgres", "--tuples-only", "--no-align", "--command",
                        "select repeat('b', 4194304)",
                    ])
                #expect(value.output == Array(repeating: 0x62, count: 4 << 20) + [0x0a], "\(value.errors)")

                let prepared = try run("pgbench", login + ["--initialize", "--quiet", "--init-steps=dtgp", "postgres"])
                #expect(prepared.succeeded, "\(prepared.errors)")
                for mode in [["--protocol", "prepared"], ["--connect"]] {
                    let bench = try run(
                        "pgbench",
                        login + mode + [
                            "--no-vacuum", "--client", "4", "--transactions", "10", "--select-only", "postgres",
                        ])
                    #expect(bench.text.contains("number of transactions actually processed: 40/40"), "\(bench.errors)")
                }
            }
            try waitUntil("all are closed") { daemon.records("close").count == daemon.records("open").count }
            #expect(daemon.records("close").allSatisfy { ["client-closed", "upstream-closed"].contains($0["reason"]) })
        }
        try database.stop()
    }
}
