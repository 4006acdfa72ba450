// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// A running PostgreSQL with a cluster of its own, as a user without rights.
final class PostgreSQL {
    /// Its port, and the number in the name of its Unix socket.
    let address: ServerAddress

    /// Its Unix socket.
    let unixAddress: ServerAddress

    private let directory: TemporaryDirectory
    private let program: ServerProgram

    /// There is no server on this host.
    struct NotInstalled: Error, CustomStringConvertible {
        var description: String { "PostgreSQL is not installed: run `scripts/install-packages test`" }
    }

    /// Makes a cluster and starts the server.
    init() throws {
        let directory = try TemporaryDirectory()
        self.directory = directory
        address = try ReservedPort().address
        unixAddress = ServerAddress(.unix(path: directory.appending(".s.PGSQL.\(address.port)")))
        let programs = try Self.programs()
        // It refuses to run as root.
        var command: [String] = []
        if geteuid() == 0 {
            guard let user = getpwnam("postgres")?.pointee else { throw NotInstalled() }
            chown(directory.path, user.pw_uid, user.pw_gid)
            command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        }
        let data = directory.appending("data")
        let make =
            command + [
                "\(programs)/initdb", "--pgdata", data, "--auth", "trust", "--username", "usher", "--no-sync",
                "--no-instructions", "--encoding", "UTF8", "--no-locale",
            ]
        let made = try run(make[0], Array(make[1...]))
        guard made.succeeded else {
            throw ServerProgram.NotStarted(program: "initdb", end: made.end, said: made.errors)
        }
        let start =
            command + [
                "\(programs)/postgres", "-D", data, "-p", "\(address.port)", "-h", "127.0.0.1", "-k", directory.path,
                "-c", "fsync=off", "-c", "shared_buffers=8MB",
            ]
        program = try ServerProgram(start[0], Array(start[1...]), in: directory) {
            $0.contains("ready to accept connections")
        }
    }

    /// Stops it at once.
    func stop() throws { try program.stop(SIGQUIT) }

    private static func programs() throws -> String {
        let root = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        let newest = versions.compactMap(Int.init).max()
        guard let newest else { throw NotInstalled() }
        return "\(root)/\(newest)/bin"
    }
}
