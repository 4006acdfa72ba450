// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// What may lie where a configuration should be: it is refused with status 78, and neither takes long nor takes much.
@Suite struct ConfigurationFileTests {
    private static let listener = "[listener.echo]\nlisten = \"unix:///run/usher-test/echo\"\nservice = \"echo\"\n"

    /// A file that no editor should have left, and words of the report on it.
    private static let files: [(name: String, bytes: [UInt8], words: String)] = [
        ("brackets 10 000 deep", Array(String(repeating: "[", count: 10_000).utf8), ":1:"),
        ("arrays 10 000 deep", Array(("a = " + String(repeating: "[", count: 10_000)).utf8), ":1:69: "),
        (
            "a key of 10 000 parts", Array((Array(repeating: "a", count: 10_000).joined(separator: ".") + " = 1").utf8),
            "nested too deeply"
        ),
        ("a key of 100 kB", Array((listener + String(repeating: "k", count: 100_000) + " = 1\n").utf8), ":4:1: "),
        ("100 MB", [UInt8](repeating: 0x23, count: 100_000_000), "1048576 bytes"),
        ("UTF-16", [0xff, 0xfe] + "[log]".utf16.flatMap { [UInt8(truncatingIfNeeded: $0), 0] }, "UTF-8"),
        ("Latin-1", Array("# na".utf8) + [0xef] + Array("ve\n".utf8), ":1:5: "),
        ("null bytes", [0, 0, 0], ":1:1: "),
        ("noise", TestData.bytes(100_000), ":1:"),
        ("a mistake a line", Array(String(repeating: "[listener]\n= 1\n", count: 5000).utf8), ":1:"),
        (
            "a port of 64 bits and more", Array(listener.utf8) + Array("backlog = 18446744073709551616\n".utf8),
            ":4:11: "
        ),
    ]

    @Test(arguments: files.map(\.name))
    func `a file that is not a configuration is refused`(name: String) throws {
        let file = try #require(Self.files.first { $0.name == name })
        let directory = try TemporaryDirectory()
        let path = directory.appending("usherd.toml")
        try Data(file.bytes).write(to: URL(fileURLWithPath: path))
        // 256 MiB of address space is what it may have, and 20 seconds of the processor.
        let limits = ["--as=\(256 << 20)", "--cpu=20"]
        let result = try run("prlimit", limits + [BuiltProgram.usherd(), "--check", "--no-host", "--config", path])
        #expect(result.end == .exited(78), "\(result.errors.prefix(1000))")
        #expect(result.errors.contains(file.words), "\(result.errors.prefix(1000))")
        #expect(result.errors.utf8.count < 1 << 20, "a report that can be read")
        #expect(result.errors.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 && $0.value != 0x7f })
    }

    @Test func `a mistake is shown with its line`() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write(Self.listener + "idle-timeout = \"a\\qb\"\n", to: "usherd.toml")
        let result = try run(BuiltProgram.usherd(), ["--check", "--no-host", "--config", path])
        #expect(result.end == .exited(78))
        let expected = """
            \(path):4:18: `\\q` is not an escape
                4 | idle-timeout = "a\\qb"
                  |                  ^^
            """
        #expect(result.errors.contains(expected), "\(result.errors)")
    }

    @Test(arguments: ["/etc", "/dev/zero", "/proc/self/mem"])
    func `a file that is not regular is refused`(path: String) throws {
        let result = try run(
            "prlimit", ["--as=\(256 << 20)", BuiltProgram.usherd(), "--check", "--no-host", "--config", path])
        #expect(result.end == .exited(78))
        #expect(result.errors.contains(path))
    }

    @Test func `conf.d is read in the order of names, with the place of each mistake`() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write(Self.listener, to: "usherd.toml")
        try directory.makeDirectory("conf.d")
        try directory.write(
            "[listener.later]\nlisten = \"unix:///run/usher-test/l\"\nservice = \"chat\"\n", to: "conf.d/20.toml")
        try directory.write(
            "[listener.sooner]\nlisten = \"unix:///run/usher-test/s\"\nservice = \"time\"\n", to: "conf.d/10.toml")
        try directory.write("this is not TOML", to: "conf.d/notes.txt")
        let right = try run(BuiltProgram.usherd(), ["--check", "--no-host", "--config", path])
        #expect(right.end == .exited(0), "\(right.errors)")
        let names = right.text.split(separator: "\n").compactMap { $0.split(separator: " ").first }
        #expect(names == ["echo", "sooner", "later"])

        try directory.write(Self.listener, to: "conf.d/30.toml")
        let twice = try run(BuiltProgram.usherd(), ["--check", "--no-host", "--config", path])
        #expect(twice.end == .exited(78))
        #expect(twice.errors.contains("\(directory.path)/conf.d/30.toml:1:"))
        #expect(twice.errors.contains("\(path):1:"), "both places are named")
    }

    @Test func `usherd --check and usherctl check agree`() throws {
        let directory = try TemporaryDirectory()
        let right = try directory.write(Self.listener, to: "right.toml")
        let wrong = try directory.write("nonsense = 1\n" + Self.listener, to: "wrong.toml")
        for path in [right, wrong] {
            let daemon = try run(BuiltProgram.usherd(), ["--check", "--no-host", "--config", path])
            let control = try run(BuiltProgram.path(of: "usherctl"), ["check", "--no-host", path])
            #expect(daemon.end == control.end)
            #expect(daemon.text == control.text)
            #expect(daemon.errors.replacing("usherd: ", with: "usherctl: ") == control.errors)
        }
        let version = try run(BuiltProgram.path(of: "usherctl"), ["--version"])
        #expect(
            try version.text == run(BuiltProgram.usherd(), ["--version"]).text.replacing("usherd", with: "usherctl"))
        #expect(try run(BuiltProgram.path(of: "usherctl"), ["--nonsense"]).end == .exited(64))
    }
}
