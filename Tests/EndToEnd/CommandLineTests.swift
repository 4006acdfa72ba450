// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The words that follow `usherd`, what it prints, and the status that it exits with.
@Suite struct CommandLineTests {
    private let right = """
        [listener.echo]
        listen = ["tcp://127.0.0.1:7007", "unix:///run/usher-test/echo"]
        service = "echo"
        """

    private func usherd(_ arguments: String...) throws -> CommandResult {
        try run(BuiltProgram.usherd(), arguments)
    }

    @Test(arguments: ["--version", "-V"])
    func `--version prints the version`(option: String) throws {
        let result = try usherd(option)
        #expect(result.end == .exited(0))
        #expect(result.text.wholeMatch(of: /usherd \d+\.\d+\.\d+\n/) != nil)
        #expect(result.errors.isEmpty)
    }

    @Test(arguments: ["--help", "-h"])
    func `--help prints the usage`(option: String) throws {
        let result = try usherd(option)
        #expect(result.end == .exited(0))
        #expect(result.text.hasPrefix("Usage: usherd"))
        #expect(result.text.contains("--check"))
    }

    @Test(arguments: [
        (["--nonsense"], "--nonsense is not an option"), (["usherd.toml"], "--config FILE"),
        (["--config"], "needs the path"), (["--config="], "needs the path"),
    ])
    func `an invalid command line is refused with status 64`(arguments: [String], words: String) throws {
        let result = try run(BuiltProgram.usherd(), arguments)
        #expect(result.end == .exited(64))
        #expect(result.output.isEmpty)
        #expect(result.errors.contains(words))
        #expect(result.errors.contains("usherd --help"))
    }

    @Test func `--check binds no address`() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write(
            "[listener.echo]\nlisten = \"unix://\(directory.path)/echo\"\nservice = \"echo\"\n", to: "usherd.toml")
        let result = try usherd("--check", "--no-host", "--config", path)
        #expect(result.end == .exited(0))
        #expect(result.errors.isEmpty)
        let lines = result.text.split(separator: "\n")
        #expect(lines.contains { $0.contains("echo") && $0.contains("unix://\(directory.path)/echo") })
        #expect(!FileManager.default.fileExists(atPath: directory.appending("echo")))
    }

    @Test func `--check prints every mistake with its place`() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write(
            """
            [listener.echo]
            listen = "tcp://127.0.0.1:70000"
            servise = "echo"

            [listener.other]
            listen = "tcp://127.0.0.1:7007"
            service = "ecco"
            """, to: "usherd.toml")
        let result = try usherd("--config", path, "--check", "--no-host")
        #expect(result.end == .exited(78))
        #expect(result.output.isEmpty)
        for place in ["2:27", "3:1", "7:11"] { #expect(result.errors.contains("\(path):\(place): ")) }
        #expect(result.errors.contains("servise"))
        #expect(result.errors.contains("`service`"))
        #expect(result.errors.contains("^"))
    }

    @Test(arguments: [["--check"], []])
    func `a missing configuration file is reported`(arguments: [String]) throws {
        let result = try run(BuiltProgram.usherd(), arguments + ["--config", "/nonexistent/usherd.toml"])
        #expect(result.end == .exited(78))
        #expect(result.errors.contains("/nonexistent/usherd.toml"))
        #expect(result.errors.contains("No such file or directory"))
    }

    @Test func `a wrong configuration prevents the start, and STATUS= has the place`() throws {
        let daemon = try Usherd(starting: "[listener.echo]\nlisten = 7\nservice = \"echo\"")
        #expect(try daemon.waitForEnd() == .exited(78))
        let place = "\(daemon.directory.path)/usherd.toml:5:10: "
        #expect(daemon.said.contains(place))
        let message = try waitFor("a word to systemd") { daemon.manager.messages.first }
        #expect(message.hasPrefix("STATUS=\(place)"))
        #expect(message.hasSuffix("\nERRNO=\(EINVAL)"))
    }

    @Test func `a listener that cannot listen prevents the start`() throws {
        let occupied = try Usherd("[listener.echo]\nlisten = \"tcp://127.0.0.1:0\"\nservice = \"echo\"")
        let address = try occupied.address("echo")
        let daemon = try Usherd(
            starting: """
                [listener.first]
                listen = "unix://$DIR/first"
                service = "echo"

                [listener.second]
                listen = "\(address)"
                service = "echo"
                """)
        #expect(try daemon.waitForEnd() == .exited(69))
        let failed = try daemon.record("failed")
        #expect(failed["listener"] == "second")
        #expect(failed["errno"] == "EADDRINUSE")
        #expect(failed["level"] == "error")
        #expect(failed["message"]?.contains("usherd.toml:9:10: listener second: cannot listen on \(address): ") == true)
        let message = try waitFor("a word to systemd") { daemon.manager.messages.first }
        #expect(message == "STATUS=\(failed["message"] ?? "")\nERRNO=\(EADDRINUSE)")
        #expect(!FileManager.default.fileExists(atPath: daemon.directory.appending("first")))
        #expect(try occupied.stop() == .exited(0))
    }

    @Test func `a missing log directory prevents the start`() throws {
        let daemon = try Usherd(
            starting: """
                [log]
                to = "file:$DIR/missing/usherd.log"

                [listener.echo]
                listen = "tcp://127.0.0.1:0"
                service = "echo"
                """)
        let end = try daemon.waitForEnd()
        #expect(end == .exited(78))
        #expect(daemon.said.contains("\(daemon.directory.path)/missing"))
        let message = try waitFor("a word to systemd") { daemon.manager.messages.first }
        #expect(message.hasSuffix("\nERRNO=\(ENOENT)"))
        #expect(!FileManager.default.fileExists(atPath: daemon.directory.appending("missing")))
    }

    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    @Test(arguments: ["usherd.bash", "_usherd", "usherd.fish"])
    func `the completions have every option`(file: String) throws {
        let text = try String(
            contentsOf: Self.root.appendingPathComponent("packaging/completions/\(file)"), encoding: .utf8)
        let options = try usherd("--help").text.matches(of: /--([a-z-]+)/).map { String($0.1) }
        #expect(Set(options).count >= 7)
        for option in Set(options) {
            let written = file.hasSuffix(".fish") ? "-l \(option) " : "--\(option)"
            #expect(text.contains(written), "\(file) lacks \(option)")
        }
    }

    @Test(arguments: [
        (["--c"], ["--check", "--config"]), (["--check", "--no"], ["--no-host"]), (["--user", "roo"], ["root"]),
        (["-c", "$DIR/"], ["$DIR/a.toml", "$DIR/folder"]), (["--config", "=", "$DIR/a"], ["$DIR/a.toml"]),
    ])
    func `bash completes options, configurations and users`(words: [String], wanted: [String]) throws {
        let directory = try TemporaryDirectory()
        try directory.write("", to: "a.toml")
        try directory.write("", to: "b.txt")
        try directory.makeDirectory("folder")
        let script = """
            source "$0"
            COMP_WORDS=(usherd "$@")
            COMP_CWORD=$#
            _usherd
            printf '%s\\n' "${COMPREPLY[@]}"
            """
        let path = Self.root.appendingPathComponent("packaging/completions/usherd.bash").path
        let result = try run(
            "bash", ["-c", script, path] + words.map { $0.replacing("$DIR", with: directory.path) })
        #expect(result.errors.isEmpty, "\(result.errors)")
        #expect(
            Set(result.text.split(separator: "\n").map(String.init)).isSuperset(
                of: wanted.map { $0.replacing("$DIR", with: directory.path) }), "\(result.text)")
        #expect(!result.text.contains("b.txt"))
    }
}
