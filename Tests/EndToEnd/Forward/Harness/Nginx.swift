// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// A running nginx with a configuration of the test's own, as one process.
final class Nginx {
    /// Its port.
    let address: ServerAddress

    /// Its Unix socket.
    let unixAddress: ServerAddress

    private let directory: TemporaryDirectory
    private let program: ServerProgram

    /// Starts nginx.
    ///
    /// - Parameters:
    ///   - http: what stands in its block `http`. `$TCP` and `$UNIX` are what `listen` wants, both of which have to be
    ///     used, but for `$UNIX` in a `stream`.
    ///   - stream: what stands in its block `stream`.
    init(http: String = "", stream: String = "") throws {
        let directory = try TemporaryDirectory()
        self.directory = directory
        address = try ReservedPort().address
        let path = directory.appending("socket")
        unixAddress = ServerAddress(.unix(path: path))
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map { "\($0)_temp_path \(directory.path)/\($0);" }.joined(separator: " ")
        let text = """
            \(stream.isEmpty ? "" : "load_module /usr/lib/nginx/modules/ngx_stream_module.so;")
            daemon off; master_process off; pid \(directory.path)/pid; error_log stderr;
            events { worker_connections 256; }
            \(http.isEmpty ? "" : "http { access_log off; \(temporary) \(http) }")
            \(stream.isEmpty ? "" : "stream { \(stream) }")
            """
        try directory.write(
            text.replacing("$TCP", with: "127.0.0.1:\(address.port)").replacing("$UNIX", with: "unix:\(path)"),
            to: "nginx.conf")
        program = try ServerProgram(
            "/usr/sbin/nginx", ["-e", "stderr", "-p", directory.path, "-c", directory.appending("nginx.conf")],
            in: directory, at: address)
    }
}
