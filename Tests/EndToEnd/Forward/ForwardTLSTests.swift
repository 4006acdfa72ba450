// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// openssl(1) at both ends: what goes through is not looked at.
@Suite struct ForwardTLSTests {
    @Test func `s_client completes a TLS handshake with s_server`() throws {
        let directory = try TemporaryDirectory()
        let key = directory.appending("key.pem")
        let certificate = directory.appending("certificate.pem")
        let made = try run(
            "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=usher.test", "-addext", "subjectAltName=DNS:usher.test", "-keyout", key, "-out",
                certificate,
            ])
        try #require(made.succeeded, "\(made.errors)")
        let server = try ServerProgram(
            "openssl",
            ["s_server", "-accept", "127.0.0.1:0", "-cert", certificate, "-key", key, "-rev"], in: directory
        ) { $0.contains("ACCEPT 127.0.0.1:") }
        let line = try #require(server.said.split(separator: "\n").first { $0.hasPrefix("ACCEPT") })
        let upstream = try #require(ServerAddress("tcp://" + line.dropFirst("ACCEPT ".count)))
        try withUsherd(
            "[listener.tls]\nlisten = \"tcp://127.0.0.1:0\"\nservice = \"forward\"\nto = \"\(upstream)\""
        ) { daemon in
            for version in ["-tls1_2", "-tls1_3"] {
                let result = try run(
                    "openssl",
                    [
                        "s_client", "-connect", "127.0.0.1:\(daemon.address("tls").port)", "-servername",
                        "usher.test", "-verify_hostname", "usher.test", "-verify_return_error", "-CAfile",
                        certificate, "-quiet", version,
                    ], input: Array("one two\nCLOSE\n".utf8))
                #expect(result.text == "owt eno\n", "\(result.errors)")
            }
            try daemon.records("close", count: 2)
        }
    }
}
