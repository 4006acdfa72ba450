// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Records in files: who may read them, how they move, and what happens when they cannot be written.
@Suite struct LogFileTests: LogsEchoes {
    @Test func `a log file is readable by owner and group only`() throws {
        try withUsherd(
            echo("[\"stderr\", \"file:$DIR/log\"]"), .init(wrapper: ["sh", "-c", "umask 0; exec \"$@\"", "sh"])
        ) {
            daemon in
            let attributes = try FileManager.default.attributesOfItem(atPath: daemon.directory.appending("log"))
            #expect(attributes[.posixPermissions] as? Int == 0o640)
        }
    }

    @Test func `an existing log file is appended to`() throws {
        let directory = try TemporaryDirectory()
        try directory.write("what was there\n", to: "log")
        let options = Usherd.Options(directory: directory)
        try withUsherd(echo("\"file:$DIR/log\""), options) { daemon in try connect(daemon) }
        let lines = directory.read("log").split(separator: "\n")
        #expect(lines.first == "what was there")
        #expect(lines.count { $0.contains("\"close\"") } == 1)
    }

    @Test func `a rotation under load loses no line`() throws {
        let daemon = try Usherd(echo("[\"stderr\", \"file:$DIR/log.0\"]").replacing("log.0", with: "log"))
        let rotations = 5
        for number in 1...rotations {
            for _ in 0..<40 { try connect(daemon) }
            try FileManager.default.moveItem(
                atPath: daemon.directory.appending("log"), toPath: daemon.directory.appending("log.\(number)"))
            for _ in 0..<10 { try connect(daemon) }
            daemon.send(signal: SIGUSR1)
            try waitUntil("the log is opened anew") {
                records(daemon, "log").contains { $0.event == "reopened" }
            }
        }
        #expect(try daemon.stop() == .exited(0))
        let all = (1...rotations).flatMap { records(daemon, "log.\($0)") } + records(daemon, "log")
        #expect(all.count { $0.event == "open" } == rotations * 50)
        expectOneEndEach(all)
        #expect(all.count { $0.event == "started" || $0.event == "stopped" } == 2)
    }

    @Test func `a removed log file is created again`() throws {
        try withUsherd(echo("[\"stderr\", \"file:$DIR/log\"]")) { daemon in
            try connect(daemon)
            try waitUntil("the file has the record") { records(daemon, "log").contains { $0.event == "close" } }
            try FileManager.default.removeItem(atPath: daemon.directory.appending("log"))
            // It looks before it writes, once a second at most.
            try waitUntil("there is a new file") {
                try connect(daemon)
                usleep(20_000)
                return !records(daemon, "log").isEmpty
            }
            let reopened = try daemon.record("reopened")
            #expect(reopened["message"]?.contains("\(daemon.directory.path)/log was moved or removed") == true)
        }
    }

    @Test func `a full disk is reported to the other destination`() throws {
        try withUsherd(echo("[\"stderr\", \"file:/dev/full\"]")) { daemon in
            try connect(daemon)
            let failed = try daemon.record("log-failed")
            #expect(failed["errno"] == "ENOSPC")
            #expect(failed["level"] == "error")
            #expect(failed["message"]?.contains("/dev/full") == true)
            for _ in 0..<20 { try connect(daemon) }
            try daemon.records("close", count: 21)
            #expect(daemon.records("log-failed").count == 1)
        }
    }

    @Test func `a full disk is reported on standard error with any destinations`() throws {
        try withUsherd(echo("\"file:/dev/full\"")) { daemon in
            try waitUntil("it says so") { daemon.said.contains("No space left on device") }
            try connect(daemon)
        }
    }

    @Test(.enabled(if: MountNamespace.isAvailable, "neither root nor user namespaces: no disk that can be full"))
    func `logging resumes when the disk has room, with the number of lost records`() throws {
        let directory = try TemporaryDirectory()
        try directory.makeDirectory("disk")
        // A disk that only the daemon sees, with room for some records, and for all once the file on it is gone.
        let script = """
            mount -t tmpfs -o size=2m none \(directory.path)/disk &&
            head -c 2070000 /dev/zero >\(directory.path)/disk/ballast
            """
        let options = Usherd.Options(
            wrapper: MountNamespace.wrapper(script), directory: directory)
        try withUsherd(echo("[\"stderr\", \"file:$DIR/disk/log\"]"), options) { daemon in
            try waitUntil("the disk is full") {
                for _ in 0..<10 { try connect(daemon) }
                return !daemon.records("log-failed").isEmpty
            }
            #expect(try daemon.record("log-failed")["errno"] == "ENOSPC")
            for _ in 0..<10 { try connect(daemon) }
            let disk = "/proc/\(daemon.identifier)/root\(directory.path)/disk"
            try FileManager.default.removeItem(atPath: disk + "/ballast")
            _ = try daemon.record("log-resumed")
            for _ in 0..<10 { try connect(daemon) }
            let count = daemon.records("open").count
            try daemon.records("close", count: count)

            // Apart from what was lost, the file has what standard error has; each has its own word of the failure.
            let file = LogReader(disk + "/log")
            // A short record may find room where a long one did not, so that it fails and goes on more than once.
            var lost = 0
            try waitUntil("the file has the rest") {
                file.update()
                lost = daemon.records("log-resumed").reduce(0) { $0 + ($1[number: "lost"] ?? 0) }
                return file.records.count { $0.event != "log-resumed" } + lost
                    == daemon.records.count { !$0.event.hasPrefix("log-") }
            }
            #expect(lost > 0)
            // What fits only in part stands on a line of its own, and does not spoil the next record.
            let cut = file.lines.filter { LogRecord($0) == nil }
            #expect(cut.count <= daemon.records("log-failed").count)
            #expect(cut.allSatisfy { $0.hasPrefix("{\"time\":") })
        }
    }

    @Test func `input is escaped in text records`() throws {
        let daemon = try Usherd(echo("\"stderr\"", format: "text"))
        let script = """
            import socket, sys
            client = socket.socket(socket.AF_UNIX)
            client.bind(b"\\0" + sys.argv[1].encode() + b"\\nfake  close \\x1b[31m\\xe2\\x80\\xae")
            client.connect(sys.argv[1] + "/echo")
            """
        #expect(try python(script, [daemon.directory.path]).succeeded)
        let line = try waitFor("the close line") { daemon.lines.first { $0.contains("  close     ") } }
        #expect(line.contains("unix://@\(daemon.directory.path)\\x0afake\\x20\\x20close\\x20\\x1b[31m\\xe2\\x80\\xae"))
        #expect(try daemon.stop() == .exited(0))
        #expect(!daemon.lines.contains { $0.hasPrefix("fake") })
    }

    @Test func `records below the level are left out`() throws {
        try withUsherd(echo("\"stderr\"\nlevel = \"notice\"")) { daemon in
            try connect(daemon)
            try daemon.stop()
            #expect(Set(daemon.records.map(\.event)) == ["listening", "started", "draining", "stopped"])
        }
    }
}
