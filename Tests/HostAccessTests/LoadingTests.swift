// SPDX-License-Identifier: Apache-2.0

import Foundation
import LinuxSystem
import TestSupport
import Testing

@testable import Configuration
@testable import HostAccess

/// From paths to a configuration: which files are read, and what becomes of those that cannot be.
@Suite struct LoadingTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static func listener(_ name: String, _ port: Int) -> Result<[UInt8], FileReadFailure> {
        .success(Array("[listener.\(name)]\nlisten = \"tcp://127.0.0.1:\(port)\"\nservice = \"echo\"\n".utf8))
    }

    @Test func readsFragmentsInTheOrderOfTheirNames() {
        var files = TestFiles()
        files.files = [
            "/etc/usherd/usherd.toml": Self.listener("main", 1), "/etc/usherd/conf.d/10-b.toml": Self.listener("b", 2),
            "/etc/usherd/conf.d/9-c.toml": Self.listener("c", 3), "/etc/usherd/conf.d/B.toml": Self.listener("B", 4),
        ]
        files.directories = [
            "/etc/usherd/conf.d": .success(["9-c.toml", "README", "B.toml", "old.toml~", ".#10-b.toml", "10-b.toml"])
        ]
        let (configuration, problems) = Configuration.load(files: files)
        #expect(problems.isEmpty)
        #expect(configuration?.listeners.map(\.name) == ["main", "b", "c", "B"])
        #expect(configuration?.listeners.last?.origin.description == "/etc/usherd/conf.d/B.toml:1:11")
    }

    @Test(arguments: [
        ("/etc/usherd/usherd.toml", "/etc/usherd/conf.d"), ("usherd.toml", "conf.d"), ("./x.toml", "./conf.d"),
        ("/x.toml", "/conf.d"), ("", "conf.d"),
    ])
    func findsFragmentsBesideTheMainFile(path: String, directory: String) {
        #expect(Configuration.fragmentDirectory(of: path) == directory)
    }

    @Test func saysWhyFilesCannotBeRead() {
        var files = TestFiles()
        files.files = [
            "conf.d/1.toml": .failure(.system(SystemError("open", errno: EACCES))),
            "conf.d/2.toml": .failure(.notAFile(kind: "a named pipe")),
            "conf.d/3.toml": .failure(.tooLarge(limit: 1 << 20)),
            "conf.d/4.toml": .success(Array("[log]\nlevel = 1\n".utf8)),
        ]
        files.directories = ["conf.d": .success(["1.toml", "2.toml", "3.toml", "4.toml"])]
        let (configuration, problems) = Configuration.load(path: "usherd.toml", files: files)
        #expect(configuration == nil)
        #expect(
            problems.map(\.summary) == [
                "usherd.toml: cannot be read: No such file or directory (ENOENT)",
                "conf.d/1.toml: cannot be read: Permission denied (EACCES)",
                "conf.d/2.toml: is a named pipe, not a file of settings",
                "conf.d/3.toml: has more than 1048576 bytes, which no configuration needs",
                "conf.d/4.toml:2:9: `level` must be a word in quotes, not an integer",
            ])
        #expect(problems[0].description.hasSuffix("\nhelp: name the file: usherd --config FILE, usherctl check FILE"))
    }

    @Test func `a fragment whose name is not UTF-8 is refused by its name, escaped`() {
        var files = TestFiles()
        files.files = ["usherd.toml": Self.listener("main", 1)]
        files.oddNames = [
            [0x66, 0xff, 0x1b] + Array(".toml".utf8), [0xff] + Array(".txt".utf8), [0x2e, 0xff] + Array(".toml".utf8),
        ]
        let (configuration, problems) = Configuration.load(path: "usherd.toml", files: files)
        #expect(configuration == nil)
        #expect(problems.map(\.summary) == [#"conf.d/f\xFF\u{1B}.toml: is not read: its name is not UTF-8"#])
        #expect(problems.first?.help?.hasPrefix("rename it") == true)
    }

    @Test func saysWhyTheDirectoryCannotBeRead() {
        var files = TestFiles()
        files.files = ["usherd.toml": Self.listener("main", 1)]
        files.directories = ["conf.d": .failure(SystemError("opendir", errno: EACCES))]
        let (configuration, problems) = Configuration.load(path: "usherd.toml", files: files)
        #expect(configuration == nil)
        #expect(problems.map(\.summary) == ["conf.d: cannot be read: Permission denied (EACCES)"])
    }

    @Test func theShippedConfigurationServesAllOnLoopback() throws {
        let path = Self.root.appendingPathComponent("config/usherd.toml").path
        let (configuration, problems) = Configuration.load(path: path)
        #expect(problems.isEmpty, "\(problems)")
        let listeners = try #require(configuration?.listeners)
        let ports = listeners.reduce(into: [:] as [String: String]) {
            $0[$1.service.name] = $1.listen.map(\.endpoint.description).joined(separator: " ")
        }
        #expect(
            ports == [
                "echo": "tcp://127.0.0.1:7007", "discard": "tcp://127.0.0.1:7009", "daytime": "tcp://127.0.0.1:7013",
                "time": "tcp://127.0.0.1:7037", "chargen": "tcp://127.0.0.1:7019", "chat": "tcp://127.0.0.1:7010",
            ])
    }

    /// What the comments of the shipped file propose has to work as well.
    @Test func theShippedCommentsAreRight() throws {
        let path = Self.root.appendingPathComponent("config/usherd.toml")
        var text = try String(contentsOf: path, encoding: .utf8)
        for key in [
            "lanes", "to", "idle-timeout", "max-connections", "lifetime", "log", "exact", "keepalive", "backlog",
        ] {
            let line = "\n# \(key) = "
            #expect(text.contains(line))
            text = text.replacing(line, with: "\n\(key) = ")
        }
        let list = try #require(text.range(of: "# listen = ["))
        let addresses = text[list.lowerBound...].replacing("\n# ", with: "\n").dropFirst(2)
        text = text[..<list.lowerBound].replacing("listen = \"tcp://127.0.0.1:7010\"\n", with: "") + String(addresses)
        let (configuration, problems) = Configuration.parse(text)
        #expect(problems.isEmpty, "\(problems)")
        #expect(configuration?.listeners.last?.listen.count == 7)
        #expect(configuration?.log.destinations == [.journal])
    }

    @Test(arguments: [
        "minimal", "everywhere", "limits", "systemd-activation", "unix-permissions", "front-for-web-servers",
        "unix-socket-for-tcp-database", "vsock-bridge", "datagrams", "can-bus", "framing",
    ])
    func theExamplesLoad(name: String) {
        let path = Self.root.appendingPathComponent("config/examples/\(name).toml").path
        let (configuration, problems) = Configuration.load(path: path)
        #expect(problems.isEmpty, "\(problems)")
        #expect(configuration?.listeners.isEmpty == false)
        #expect(configuration?.notes.isEmpty == true, "\(configuration?.notes ?? [])")
    }

    /// PostgreSQL pools, SSH and watches rest for hours; what is added to the shipped file must not inherit a limit.
    @Test func `a relay added to the shipped configuration inherits no limits`() throws {
        let shipped = try Data(contentsOf: Self.root.appendingPathComponent("config/usherd.toml"))
        let added = """
            [listener.added]
            listen = "tcp://127.0.0.1:1"
            service = "forward"
            to = "tcp://10.0.0.5:22"
            """
        let (configuration, problems) = Configuration.parse(
            files: [("usherd.toml", Array(shipped)), ("conf.d/added.toml", Array(added.utf8))], host: TestHost())
        #expect(problems.isEmpty, "\(problems)")
        let listener = try #require(configuration?.listeners.last)
        #expect(listener.name == "added")
        #expect(listener.plan.idleTimeout == nil)
        #expect(listener.plan.maxConnections == nil)
        #expect(listener.plan.lifetime == nil)
        let own = try #require(configuration?.listeners.first)
        #expect(own.plan.idleTimeout == 600_000_000_000)
        #expect(own.plan.maxConnections == 2000)
    }

    @Test func noExampleIsForgotten() throws {
        let path = Self.root.appendingPathComponent("config/examples").path
        let names = try Directory.names(in: path).filter { $0.suffix(5).elementsEqual(".toml".utf8) }
        #expect(names.count == 11)
    }

    /// A file that an editor has half written: a mistake or a configuration, and never a trap.
    @Test(arguments: [
        "config/usherd.toml", "config/examples/limits.toml", "config/examples/front-for-web-servers.toml",
    ])
    func survivesEveryPrefix(file: String) throws {
        let path = Self.root.appendingPathComponent(file).path
        // Where in a comment a file ends makes no difference.
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        let bytes = Array(lines.map { $0.prefix { $0 != "#" } + "\n" }.joined().utf8)
        for count in 0..<bytes.count {
            let (configuration, problems) = Configuration.parse(
                files: [("usherd.toml", Array(bytes[..<count]))], host: TestHost())
            if (configuration == nil) == problems.isEmpty { Issue.record("\(count) bytes: \(problems)") }
            if problems.contains(where: { $0.description.isEmpty }) { Issue.record("\(count) bytes") }
        }
    }

    /// Each byte of a file in turn replaced by one that means something.
    @Test(arguments: [
        "[listener.a]\nlisten = [\"tcp://localhost:1?backlog=2\"]\nservice=\"echo\"\nkeepalive={idle=\"9s\"}\n",
        "[listener.a]\nlisten=\"tcp://*:1\"\nservice=\"forward\"\nto=[{address=\"tcp://[fe80::1%lo]:2\",weight=1}]\n"
            + "health={send=\"x\\n\"}\nsource=\"[::1]\"\naccept-proxy=\"10.0.0.0/8\"\n",
    ])
    func survivesDamage(text: String) {
        let bytes = Array(text.utf8)
        for index in bytes.indices {
            for byte in Array("\0\n\u{1b}\"'.=[]{}#?:/0a".utf8) + [0x80, 0xff] {
                var damaged = bytes
                damaged[index] = byte
                let (configuration, problems) = Configuration.parse(
                    files: [("usherd.toml", damaged)], host: TestHost())
                if (configuration == nil) == problems.isEmpty { Issue.record("\(index): \(byte)") }
                for problem in problems where problem.description.utf8.contains(0x1b) { Issue.record("\(problem)") }
            }
        }
    }
}
