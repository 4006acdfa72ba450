// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Lanes and other threads, as many as there may be and fewer than are needed.
@Suite struct ThreadTests {
    private func echo(lanes: Int) -> String {
        """
        [daemon]
        lanes = \(lanes)

        [listener.echo]
        listen = "unix://$DIR/echo"
        service = "echo"
        """
    }

    @Test func `the maximum number of lanes starts and stops`() throws {
        try withUsherd(echo(lanes: 240)) { daemon in
            let client = try Client(ServerAddress(.unix(path: daemon.directory.appending("echo"))))
            try client.send("x")
            #expect(try client.receive(exactly: 1) == Array("x".utf8))
            client.close()
            #expect(try daemon.stop() == .exited(0))
        }
    }

    @Test func `more lanes than the maximum are refused`() throws {
        let daemon = try Usherd(starting: echo(lanes: 255))
        #expect(try daemon.waitForEnd() == .exited(78))
        #expect(daemon.said.contains("`lanes` is out of range: 255"))
        #expect(daemon.said.contains("from 1 to 240"))
    }

    /// RLIMIT_NPROC does not limit root, so the daemon runs as a user that has no other process.
    ///
    /// A limit of 1 leaves no thread for the configuration, 2 none for the log or the lanes, 8 too few for the lanes.
    @Test(.enabled(if: getuid() == 0, "only root can become a user without processes"), arguments: [1, 2, 3, 8])
    func `a thread that cannot be created is a message and a failed start`(processes: Int) throws {
        let directory = try TemporaryDirectory()
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: directory.path)
        let user = 60_000 + Int.random(in: 0..<4000)
        let daemon = try Usherd(
            starting: echo(lanes: 16),
            .init(
                wrapper: [
                    "setpriv", "--reuid=\(user)", "--regid=\(user)", "--clear-groups", "--",
                    "prlimit", "--nproc=\(processes):\(processes)", "--",
                ], directory: directory))
        #expect(try daemon.waitForEnd() == .exited(71))
        #expect(daemon.said.contains("Resource temporarily unavailable"), "\(daemon.said)")
    }
}
