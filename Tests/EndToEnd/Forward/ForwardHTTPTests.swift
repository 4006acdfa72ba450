// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// curl(1), through it, from web servers.
@Suite struct ForwardHTTPTests {
    /// A directory with a small and a large file.
    private func makeSite() throws -> TemporaryDirectory {
        let site = try TemporaryDirectory()
        try site.write("hello\n", to: "small")
        try OpenFile(site.appending("large"), O_WRONLY | O_CREAT).write(TestData.tenMebibytes)
        return site
    }

    private func expectSite(_ daemon: Usherd, upstream: ServerAddress) throws {
        let url = "http://127.0.0.1:\(try daemon.address("web").port)"
        for round in 0..<3 {
            let small = try run("curl", ["--silent", "--show-error", "--max-time", "60", "\(url)/small"])
            #expect(small.text == "hello\n", "in round \(round): \(small.errors)")
        }
        let large = try run("curl", ["--silent", "--show-error", "--max-time", "60", "\(url)/large"])
        #expect(large.errors == "")
        #expect(large.output == TestData.tenMebibytes)
        let ends = try daemon.records("close", count: 4)
        for end in ends {
            #expect(end["upstream"] == upstream.description)
            #expect(end[number: "attempts"] == 1)
            #expect(end[number: "connect_us"] != nil)
            #expect(end["failures"] == nil)
        }
        #expect(try #require(ends.last?[number: "bytes_out"]) > 10 << 20)
    }

    @Test func `curl gets files from Python's server`() throws {
        let site = try makeSite()
        let server = try ServerProgram.python(
            """
            import functools, http.server, sys
            handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[1])
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
            print(server.server_port)
            server.serve_forever()
            """, [site.path], in: site)
        let line = try #require(server.said.split(separator: "\n").first)
        let upstream = ServerAddress(.ip(host: "127.0.0.1", port: try #require(UInt16(line))))
        try withUsherd(
            "[listener.web]\nlisten = \"tcp://127.0.0.1:0\"\nservice = \"forward\"\nto = \"\(upstream)\""
        ) { try expectSite($0, upstream: upstream) }
        try server.stop()
    }

    @Test func `curl gets files from nginx`() throws {
        let site = try makeSite()
        let nginx = try Nginx(http: "server { listen $UNIX; listen $TCP; root \(site.path); }")
        for upstream in [nginx.address, nginx.unixAddress] {
            try withUsherd(
                "[listener.web]\nlisten = \"tcp://127.0.0.1:0\"\nservice = \"forward\"\nto = \"\(upstream)\""
            ) { try expectSite($0, upstream: upstream) }
        }
    }

    @Test func `curl sends a large file and keeps its connection`() throws {
        let site = try makeSite()
        let nginx = try Nginx(
            http: """
                server {
                    listen $TCP; listen $UNIX; root \(site.path); client_max_body_size 0;
                    location /uploads/ { dav_methods PUT; create_full_put_path on; }
                }
                """)
        try withUsherd(
            "[listener.web]\nlisten = \"tcp://127.0.0.1:0\"\nservice = \"forward\"\nto = \"\(nginx.address)\""
        ) { daemon in
            let url = "http://127.0.0.1:\(try daemon.address("web").port)"
            let result = try run(
                "curl",
                [
                    "--silent", "--show-error", "--max-time", "60", "--fail", "--upload-file",
                    site.appending("large"), "\(url)/uploads/copy", "--next", "--silent", "--show-error",
                    "--max-time", "60", "--output", site.appending("back"), "\(url)/uploads/copy",
                ])
            #expect(result.succeeded, "\(result.errors)")
            let back = try #require(FileManager.default.contents(atPath: site.appending("back")))
            #expect(Array(back) == TestData.tenMebibytes)
            let close = try daemon.record("close")
            #expect(try #require(close[number: "bytes_in"]) > 10 << 20)
            #expect(try #require(close[number: "bytes_out"]) > 10 << 20)
            #expect(close["reason"] == "client-closed")
            #expect(daemon.records("open").count == 1, "curl keeps one connection for both")
        }
    }
}
