// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// What usherd is for: a line comes back, and a record of it stays.
@Suite struct MainJobTests {
    private let echo = """
        [listener.echo]
        listen = "tcp://127.0.0.1:0"
        service = "echo"
        """

    @Test func `nc gets its line back`() throws {
        try withUsherd(echo) { daemon in
            let address = try daemon.address("echo")
            let result = try run("nc", ["-N", "127.0.0.1", "\(address.port)"], input: Array("hello\n".utf8))
            #expect(result.succeeded)
            #expect(result.text == "hello\n")
        }
    }

    @Test func `JSON records of open and close have every field`() throws {
        try withUsherd(echo) { daemon in
            let address = try daemon.address("echo")
            let client = try Client(address)
            try client.send("four")
            #expect(try client.receive(exactly: 4) == Array("four".utf8))
            try client.finishWriting()
            #expect(try client.receiveAll().isEmpty)

            let open = try daemon.record("open")
            let time = try #require(open["time"])
            #expect(
                open.line == """
                    {"time":"\(time)","level":"info","event":"open","message":"echo: connection 1 from \(client.name)",\
                    "listener":"echo","service":"echo","connection":1,"peer":"\(client.name)","local":"\(address)"}
                    """)
            let close = try daemon.record("close")
            let end = try #require(close["time"])
            let duration = try #require(close[number: "duration_us"])
            let words = try #require(close["message"]?.firstMatch(of: /ended after ((?:[0-9.]+ [a-z]+ ?)+):/)?.1)
            #expect(
                close.line == """
                    {"time":"\(end)","level":"info","event":"close",\
                    "message":"echo: connection 1 from \(client.name) ended after \(words): \
                    client-closed by client (in 4 B, out 4 B)",\
                    "listener":"echo","service":"echo","connection":1,"peer":"\(client.name)","local":"\(address)",\
                    "bytes_in":4,"bytes_out":4,"duration_us":\(duration),"reason":"client-closed","by":"client"}
                    """)
            #expect(try #require(microseconds(time)) <= #require(microseconds(end)))
        }
    }

    @Test func `a Unix client is logged with its credentials`() throws {
        try withUsherd("[listener.echo]\nlisten = \"unix://$DIR/echo\"\nservice = \"echo\"") { daemon in
            let address = try daemon.address("echo")
            try Client(address).close()
            let open = try daemon.record("open")
            #expect(open["peer"] == "unix://")
            #expect(open["local"] == "unix://\(daemon.directory.path)/echo")
            #expect(open[number: "uid"] == Int(getuid()))
            #expect(open[number: "gid"] == Int(getgid()))
            #expect(open[number: "pid"] == Int(getpid()))
        }
    }

    @Test func `the start is logged with every address`() throws {
        try withUsherd(echo) { daemon in
            let listening = try daemon.record("listening")
            let local = try #require(listening["local"])
            #expect(listening["message"] == "echo listens on \(local) for echo")
            #expect(listening["level"] == "notice")
            let started = try daemon.record("started")
            #expect(started["message"]?.hasPrefix("usherd ") == true)
            #expect(started["message"]?.hasSuffix(" with \(daemon.directory.path)/usherd.toml") == true)
        }
    }

    @Test func `text records are one line each`() throws {
        let daemon = try Usherd(
            "[log]\nto = \"stderr\"\n" + echo.replacing("tcp://127.0.0.1:0", with: "unix://$DIR/echo"))
        let client = try Client(ServerAddress(.unix(path: daemon.directory.appending("echo"))))
        try client.send("four")
        #expect(try client.receive(exactly: 4) == Array("four".utf8))
        client.close()
        let close = try waitFor("the line of the end") { daemon.lines.first { $0.contains("client-closed") } }
        let open = try #require(daemon.lines.first { $0.contains("  open      ") })
        let peer = "unix:// uid \(getuid()) pid \(getpid())"
        // 2026-11-22T12:24:18.306Z, two blanks, and the columns.
        #expect(
            open.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z  open      echo        #1      (.*)/)?.1
                == "\(peer)")
        let end =
            /.{24}  close     echo        #1      (.*?)  +(?:[0-9.]+ [a-z]+ )+ in 4 B  out 4 B  client-closed by client/
        #expect(close.wholeMatch(of: end)?.1 == "\(peer)")
        #expect(try daemon.stop() == .exited(0))
        #expect(daemon.lines.allSatisfy { !$0.contains("\u{1b}") }, "colour belongs on a terminal")
    }

    /// The microseconds since 1970 of a record's time; nil if it does not have its form.
    private func microseconds(_ time: String) -> Int? {
        guard let match = time.wholeMatch(of: /(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{6})Z/),
            let date = try? Date("\(match.1)Z", strategy: .iso8601), let fraction = Int(match.2)
        else { return nil }
        return Int(date.timeIntervalSince1970) * 1_000_000 + fraction
    }
}
