// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// Tests of a log that an echo on a Unix socket fills.
protocol LogsEchoes {}

extension LogsEchoes {
    /// An echo whose records go to these destinations.
    func echo(_ destinations: String, format: String = "json") -> String {
        """
        [log]
        to = \(destinations)
        format = "\(format)"

        [listener.echo]
        listen = "unix://$DIR/echo"
        service = "echo"
        """
    }

    /// One connection, which leaves two records.
    func connect(_ daemon: Usherd) throws {
        let client = try Client(ServerAddress(.unix(path: daemon.directory.appending("echo"))))
        try client.send("x")
        #expect(try client.receive(exactly: 1) == Array("x".utf8))
        client.close()
    }

    /// What a file has so far.
    func records(_ daemon: Usherd, _ name: String) -> [LogRecord] {
        let reader = LogReader(daemon.directory.appending(name))
        reader.update()
        return reader.records
    }
}
