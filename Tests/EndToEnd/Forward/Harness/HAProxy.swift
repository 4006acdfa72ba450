// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// A running HAProxy with a configuration of the test's own.
final class HAProxy {
    /// Its port.
    let address: ServerAddress

    /// Its Unix socket.
    let unixAddress: ServerAddress

    private let directory: TemporaryDirectory
    private let program: ServerProgram

    /// Starts it.
    ///
    /// - Parameters:
    ///   - proxies: its sections. `$TCP` and `$UNIX` are what `bind` wants, `$TCP` has to be used.
    ///   - port: the port to listen at; nil for any.
    init(_ proxies: String, at port: ReservedPort? = nil) throws {
        let directory = try TemporaryDirectory()
        self.directory = directory
        address = try (port ?? ReservedPort()).address
        let path = directory.appending("socket")
        unixAddress = ServerAddress(.unix(path: path))
        let text = """
            global
                maxconn 256
            defaults
                timeout connect 60s
                timeout client 60s
                timeout server 60s
            \(proxies)

            """
        try directory.write(
            text.replacing("$TCP", with: "127.0.0.1:\(address.port)").replacing("$UNIX", with: "unix@\(path)"),
            to: "haproxy.cfg")
        program = try ServerProgram(
            "/usr/sbin/haproxy", ["-db", "-f", directory.appending("haproxy.cfg")], in: directory, at: address)
    }

    /// Ends it at once.
    func stop() throws { try program.stop() }
}
