// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Destinations of the log that nobody reads, that are sockets, or that cannot be opened anew.
@Suite struct LogDestinationTests: LogsEchoes {
    /// The events of each connection, in the order of the records.
    private func eventsByConnection(_ records: [LogRecord]) -> [[String]] {
        var events: [Int: [String]] = [:]
        for record in records {
            guard let number = record[number: "connection"] else { continue }
            events[number, default: []].append(record.event)
        }
        return Array(events.values)
    }

    @Test func `a FIFO without a reader delays neither a log file nor the exit`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.appending("fifo")
        #expect(mkfifo(path, 0o600) == 0)
        let reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        defer { close(reader) }
        let filler = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
        let bytes = [UInt8](repeating: UInt8(ascii: "\n"), count: 4096)
        while write(filler, bytes, bytes.count) > 0 {}
        close(filler)
        try withUsherd(echo("[\"file:$DIR/fifo\", \"file:$DIR/log\"]"), .init(directory: directory)) { daemon in
            for _ in 0..<50 { try connect(daemon) }
            try waitUntil("the file has every record") { records(daemon, "log").count { $0.event == "close" } == 50 }
            #expect(try daemon.stop() == .exited(0))
            #expect(records(daemon, "log").contains { $0.event == "stopped" })
            #expect(daemon.said.contains("the log is stuck"))
            #expect(daemon.said.contains("to \(path) within"))
        }
    }

    @Test func `an unread pipe on standard error delays nothing`() throws {
        let pipe = try makePipe()
        defer { for end in [pipe.reading, pipe.writing] { close(end) } }
        let options = Usherd.Options(descriptors: [2: pipe.writing])
        try withUsherd(echo("[\"stderr\", \"file:$DIR/log\"]"), options) { daemon in
            // Some 400 bytes a record, and the pipe holds 64 KiB.
            for _ in 0..<300 { try connect(daemon) }
            try waitUntil("the file has every record") { records(daemon, "log").count { $0.event == "close" } == 300 }
            try daemon.reload()
            #expect(try daemon.stop() == .exited(0))
        }
    }

    @Test func `a closed standard error is reported in the log file`() throws {
        let pipe = try makePipe()
        let options = Usherd.Options(descriptors: [2: pipe.writing])
        try withUsherd(echo("[\"stderr\", \"file:$DIR/log\"]"), options) { daemon in
            for end in [pipe.reading, pipe.writing] { close(end) }
            try connect(daemon)
            try waitUntil("the file tells of it") {
                records(daemon, "log").contains { $0.event == "log-failed" && $0["errno"] == "EPIPE" }
            }
            try connect(daemon)
            try waitUntil("the file has both") { records(daemon, "log").count { $0.event == "close" } == 2 }
        }
    }

    @Test func `a change of format keeps the lines of a slow pipe whole`() throws {
        let pipe = try makePipe()
        defer { close(pipe.reading) }
        let options = Usherd.Options(descriptors: [1: pipe.writing])
        var bytes: [UInt8] = []
        try withUsherd(echo("\"stdout\""), options) { daemon in
            close(pipe.writing)
            // Some 300 bytes a record, and the pipe holds 64 KiB.
            for _ in 0..<200 { try connect(daemon) }
            let text = echo("\"stdout\"").replacing("json", with: "text")
            try daemon.reload(text)
            for _ in 0..<200 { try connect(daemon) }
            _ = fcntl(pipe.reading, F_SETFL, O_NONBLOCK)
            try waitUntil("all has come") {
                var piece = [UInt8](repeating: 0, count: 3000)
                let count = read(pipe.reading, &piece, piece.count)
                if count > 0 { bytes += piece[..<count] }
                return String(decoding: bytes, as: UTF8.self).components(separatedBy: "ended after").count > 200
                    && bytes.count { $0 == UInt8(ascii: "\n") } >= 800
            }
        }
        // Reading may have stopped within the last line.
        let whole = bytes.prefix(through: try #require(bytes.lastIndex(of: UInt8(ascii: "\n"))))
        for line in String(decoding: whole, as: UTF8.self).split(separator: "\n") {
            let isJSON = line.hasPrefix("{")
            #expect(isJSON ? LogRecord(String(line)) != nil : line.hasPrefix("20") && !line.contains("{"), "\(line)")
        }
    }

    @Test func `standard output is a destination`() throws {
        let directory = try TemporaryDirectory()
        let output = try OpenFile(directory.appending("out"), O_WRONLY | O_CREAT | O_APPEND)
        let options = Usherd.Options(descriptors: [1: output.raw], directory: directory)
        try withUsherd(echo("\"stdout\""), options) { daemon in
            try connect(daemon)
            try waitUntil("it has the record") { records(daemon, "out").contains { $0.event == "close" } }
            #expect(daemon.said.isEmpty)
        }
    }

    @Test func `file:/dev/stdout on a socket is refused with the value to write`() throws {
        var ends: [CInt] = [-1, -1]
        #expect(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0)
        defer { for end in ends { close(end) } }
        let daemon = try Usherd(starting: echo("\"file:/dev/stdout\""), .init(descriptors: [1: ends[0]]))
        #expect(try daemon.waitForEnd() == .exited(78))
        #expect(daemon.said.contains("standard output is a socket, which cannot be opened by a name: write \"stdout\""))
        try withUsherd(echo("\"stdout\""), .init(descriptors: [1: ends[0]])) { _ in
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = recv(ends[1], &buffer, buffer.count, 0)
            #expect(String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self).contains("\"event\":"))
        }
    }

    @Test func `a log file that cannot be reopened keeps getting records`() throws {
        try withUsherd(echo("\"file:$DIR/log\"")) { daemon in
            try connect(daemon)
            let path = daemon.directory.appending("log")
            try FileManager.default.moveItem(atPath: path, toPath: path + ".1")
            try daemon.directory.makeDirectory("log")
            daemon.send(signal: SIGUSR1)
            try waitUntil("the old file tells of it") {
                records(daemon, "log.1").contains {
                    $0.event == "failed" && $0["message"]?.contains("still writing to the old file") == true
                }
            }
            // It looks at the name once a second, and finds it wrong.
            for _ in 0..<30 {
                try connect(daemon)
                usleep(50_000)
            }
            try waitUntil("the old file has every record") {
                records(daemon, "log.1").count { $0.event == "close" } == 31
            }
            #expect(records(daemon, "log.1").count { $0.event == "failed" } == 1)
            try FileManager.default.removeItem(atPath: path)
            try waitUntil("the log goes on under its name") {
                try connect(daemon)
                usleep(20_000)
                var isDirectory: ObjCBool = false
                return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && !isDirectory.boolValue
            }
        }
    }

    @Test func `records of several lanes are in time order within a write`() throws {
        let configuration = echo("\"file:$DIR/log\"").replacing("[log]", with: "[daemon]\nlanes = 4\n\n[log]")
        try withUsherd(configuration) { daemon in
            for _ in 0..<100 { try connect(daemon) }
            try daemon.stop()
            let all = records(daemon, "log")
            #expect(all.count { $0.event == "close" } == 100)
            // Of one connection: opened before it is closed, whichever lane had it.
            let events = eventsByConnection(all)
            #expect(events.count == 100)
            #expect(events.allSatisfy { $0 == ["open", "close"] })
        }
    }
}
