// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem
import Testing

@testable import Configuration
@testable import HostAccess

/// A host of which everything is known: what is not in the table does not exist.
private struct FakeHost: HostFacts {
    var files: [String: FileStatus] = [
        "/": FileStatus(.directory, mode: 0o755), "/run": FileStatus(.directory, mode: 0o755),
        "/var": FileStatus(.directory, mode: 0o755), "/var/log": FileStatus(.directory, mode: 0o755, mayWrite: false),
        "/srv": FileStatus(.directory, mode: 0o755),
    ]
    var states: [String: AddressState] = [:]
    var descriptorLimit = 1 << 20
    var unprivilegedPort = 1024
    var unit = UnitDropIns()

    func status(of path: String) throws(SystemError) -> FileStatus {
        guard let status = files[path] else { throw SystemError("stat", errno: ENOENT) }
        return status
    }

    func userName(_ number: UInt32) -> String { number == 0 ? "root" : "user\(number)" }

    func groupName(_ number: UInt32) -> String { ["0": "root", "4": "adm"]["\(number)"] ?? "group\(number)" }

    func state(of address: SocketAddress, _ kind: SocketKind, dualStack: Bool, interface: UInt32) -> AddressState {
        states["\(kind.scheme)://\(address)"] ?? .free
    }
}

@Suite struct HostCheckTests {
    private static let service = Account(name: "usherd", user: 995, group: 995, groups: [])
    private static let alice = Account(name: "alice", user: 1000, group: 1000, groups: [4])
    private static let root = Account(name: "root", user: 0, group: 0, groups: [0])

    private static func findings(
        _ text: String, as user: Account = service, isService: Bool? = nil, on host: FakeHost = FakeHost()
    ) throws -> [HostFinding] {
        let (configuration, problems) = Configuration.parse(text)
        let right = try #require(configuration, "\(problems)")
        var check = HostCheck(as: user, isService: isService ?? (user == service), host)
        check.checkPaths(of: right)
        check.checkRest(of: right)
        return check.findings
    }

    private static func echo(_ address: String) -> String {
        "[listener.echo]\nlisten = \"\(address)\"\nservice = \"echo\"\n"
    }

    private static func log(_ path: String) -> String { "[log]\nto = [\"journal\", \"file:\(path)\"]\n" }

    @Test func `a host that has everything gets no note`() throws {
        let text = Self.echo("tcp://127.0.0.1:7007") + Self.log("/srv/usherd.log")
        #expect(try Self.findings(text).isEmpty)
    }

    // MARK: Log files

    @Test func `a missing log directory is found at the key that names the file`() throws {
        let found = try Self.findings(Self.log("/srv/a/b/usherd.log") + Self.echo("tcp://127.0.0.1:7007"))
        #expect(
            found.map(\.description) == [
                """
                usherd.toml:2:1: note: the log file /srv/a/b/usherd.log cannot be opened, and usherd would not start: \
                /srv/a does not exist
                help: usherd creates no directories: install -d -o usherd /srv/a
                """
            ])
    }

    @Test(arguments: ["/var/log/usherd/usherd.log", "/var/log/usherd/web/usherd.log"])
    func `a directory that the unit creates is missing only for other users`(path: String) throws {
        var host = FakeHost()
        if path.utf8.count > 26 { host.files["/var/log/usherd"] = FileStatus(.directory, mode: 0o750) }
        let text = Self.echo("tcp://127.0.0.1:7007") + Self.log(path)
        #expect(try Self.findings(text, on: host).isEmpty)
        #expect(try Self.findings(text, as: Self.alice, on: host).count == 1)
    }

    @Test func `a log file that the user cannot write is found`() throws {
        var host = FakeHost()
        let text = Self.echo("tcp://127.0.0.1:7007") + Self.log("/var/log/usherd.log")
        #expect(
            try Self.findings(text, on: host).map(\.message) == [
                "the log file /var/log/usherd.log cannot be created, and usherd would not start: the user usherd lacks the"
                    + " permission to write to /var/log (drwxr-xr-x root root)"
            ])
        host.files["/var/log/usherd.log"] = FileStatus(.regular, mode: 0o640, group: 4, mayWrite: false)
        #expect(
            try Self.findings(text, on: host).map(\.message) == [
                "the log file /var/log/usherd.log cannot be opened, and usherd would not start: the user usherd lacks the"
                    + " permission to write to /var/log/usherd.log (-rw-r----- root adm)"
            ])
        host.files["/var/log/usherd.log"] = FileStatus(.regular, mode: 0o640)
        #expect(try Self.findings(text, on: host).isEmpty)
        host.files["/var/log/usherd.log"] = FileStatus(.directory, mode: 0o755)
        #expect(try Self.findings(text, on: host).map(\.message) == ["the log file /var/log/usherd.log is a directory"])
    }

    @Test func `one log file under two paths is found`() throws {
        var host = FakeHost()
        host.files["/srv/link"] = FileStatus(.directory, mode: 0o755, inode: 7)
        host.files["/srv/log"] = FileStatus(.directory, mode: 0o755, inode: 7)
        func messages(_ paths: String...) throws -> [String] {
            let to = paths.map { "\"file:\($0)\"" }.joined(separator: ", ")
            let text = "[log]\nto = [\(to)]\n" + Self.echo("tcp://127.0.0.1:7007")
            return try Self.findings(text, on: host).map(\.message)
        }
        let found = ["the log files /srv/link/a and /srv/log/a are one file, which would get each record twice"]
        #expect(try messages("/srv/link/a", "/srv/log/a") == found, "a file that would be made")
        #expect(try messages("/srv/link/a", "/srv/log/b").isEmpty)
        host.files["/srv/link/a"] = FileStatus(.regular, mode: 0o644, inode: 9)
        host.files["/srv/log/a"] = FileStatus(.regular, mode: 0o644, inode: 9)
        #expect(try messages("/srv/link/a", "/srv/log/a") == found)
        host.files["/srv/log/a"] = FileStatus(.regular, mode: 0o644, device: 1, inode: 9)
        #expect(try messages("/srv/link/a", "/srv/log/a").isEmpty)
        host.files["/srv/link/a"] = FileStatus(.device, mode: 0o644, inode: 9)
        host.files["/srv/log/a"] = FileStatus(.device, mode: 0o644, inode: 9)
        #expect(try messages("/srv/link/a", "/srv/log/a").isEmpty, "a terminal may have two names")
    }

    @Test func `a directory that may not be searched is named with its permissions`() throws {
        var host = FakeHost()
        host.files["/srv"] = FileStatus(.directory, mode: 0o2700, owner: 7, mayExecute: false)
        let found = try Self.findings(Self.echo("tcp://127.0.0.1:7007") + Self.log("/srv/a/usherd.log"), on: host)
        #expect(
            found.first?.message.hasSuffix(
                "the user usherd lacks the permission to search /srv (drwx------ user7 root)") == true)
        host.files["/srv"] = FileStatus(.regular, mode: 0o644)
        let other = try Self.findings(Self.echo("tcp://127.0.0.1:7007") + Self.log("/srv/a/usherd.log"), on: host)
        #expect(other.first?.message.hasSuffix("/srv is a file, not a directory") == true)
    }

    // MARK: Unix sockets

    @Test func `the directory of a Unix socket must be there and writable`() throws {
        var host = FakeHost()
        let text = Self.echo("unix:///srv/db/echo")
        #expect(
            try Self.findings(text, on: host).map(\.description) == [
                """
                usherd.toml:2:10: note: unix:///srv/db/echo cannot be listened on: /srv/db does not exist
                help: usherd creates no directories: install -d -o usherd /srv/db
                """
            ])
        host.files["/srv/db"] = FileStatus(.directory, mode: 0o755, mayWrite: false)
        #expect(
            try Self.findings(text, on: host).first?.message.contains("permission to write to /srv/db (drwxr-xr-x")
                == true)
        host.files["/srv/db"] = FileStatus(.directory, mode: 0o755)
        #expect(try Self.findings(text, on: host).isEmpty)
        host.files["/srv/db/echo"] = FileStatus(.socket, mode: 0o755)
        #expect(try Self.findings(text, on: host).isEmpty, "a socket that a dead process left is replaced")
        host.files["/srv/db/echo"] = FileStatus(.regular, mode: 0o644)
        #expect(try Self.findings(text, on: host).first?.message.contains("there is a file at this path") == true)
    }

    @Test(arguments: [
        ("/run/usherd/echo", 0), ("/run/usherd-web/echo", 0), ("/run/other/echo", 1), ("/run/usherd/a/echo", 0),
    ])
    func `the runtime directory of the unit need not be there yet`(path: String, count: Int) throws {
        #expect(try Self.findings(Self.echo("unix://\(path)")).count == count)
        #expect(try Self.findings(Self.echo("unix://\(path)"), as: Self.alice).count == 1)
    }

    // MARK: Owners

    @Test func `a group that the user is not in is found, with the drop-in that adds it`() throws {
        let text = Self.echo("unix:///srv/echo?mode=0660&group=adm")
        let found = try Self.findings(text)
        #expect(found.count == 1)
        #expect(found.first?.message.contains("the user usherd is not a member of the group adm") == true)
        #expect(
            found.first?.help
                == "write SupplementaryGroups=adm below [Service] with `systemctl edit usherd`, and restart it")
        #expect(try Self.findings(text, as: Self.alice).isEmpty, "a member")
        #expect(try Self.findings(text, as: Self.root).isEmpty)
        var host = FakeHost()
        host.unit.groups = ["adm"]
        #expect(try Self.findings(text, on: host).isEmpty, "a drop-in adds it")
        host.unit.groups = ["4"]
        #expect(try Self.findings(text, on: host).isEmpty, "by its number")
        let bob = Account(name: "bob", user: 1001, group: 1001, groups: [])
        #expect(try Self.findings(text, as: bob, on: host).count == 1, "the unit is not for other users")
    }

    @Test func `another owner needs CAP_CHOWN`() throws {
        let text = Self.echo("unix:///srv/echo?user=alice")
        #expect(try Self.findings(text).first?.help.contains("unix-owners.conf") == true)
        #expect(try Self.findings(text, as: Self.alice).isEmpty)
        #expect(try Self.findings(text, as: Self.root).isEmpty)
        var host = FakeHost()
        host.unit.capabilities = ["CAP_CHOWN"]
        #expect(try Self.findings(text, on: host).isEmpty)
    }

    // MARK: Addresses

    @Test(arguments: [
        (AddressState.free, [] as [String]), (.ours, []),
        (
            .taken(by: .init(name: "nginx", pid: 812)),
            ["tcp://127.0.0.1:7007 of the listener echo: Address already in use by nginx (process 812)"]
        ),
        (
            .taken(by: nil),
            ["tcp://127.0.0.1:7007 of the listener echo: Address already in use by another process"]
        ),
        (
            .taken(by: .init(name: "systemd", pid: 1)),
            ["tcp://127.0.0.1:7007 of the listener echo: Address already in use by systemd"]
        ),
        (
            .failed(SystemError("bind", errno: EADDRNOTAVAIL)),
            [
                "tcp://127.0.0.1:7007 of the listener echo cannot be listened on: Cannot assign requested address"
                    + " (EADDRNOTAVAIL)"
            ]
        ),
        (.failed(SystemError("bind", errno: EACCES)), []),
    ])
    func `an address in use by another process is found`(state: AddressState, messages: [String]) throws {
        var host = FakeHost()
        host.states["tcp://127.0.0.1:7007"] = state
        #expect(try Self.findings(Self.echo("tcp://127.0.0.1:7007"), on: host).map(\.message) == messages)
    }

    @Test func `a missing address is found; a missing interface already has a note`() throws {
        var host = FakeHost()
        host.states["tcp://192.0.2.1:7007"] = .failed(SystemError("bind", errno: EADDRNOTAVAIL))
        host.states["tcp://[fe80::1%2]:7007"] = .failed(SystemError("bind", errno: ENODEV))
        let found = try Self.findings(Self.echo("tcp://192.0.2.1:7007"), on: host)
        #expect(
            found.map(\.help) == [
                "this host has no such address: see ip address; usherd listens there when the address is added"
            ])
        #expect(try Self.findings(Self.echo("tcp://[fe80::1%eth0]:7007"), on: host).isEmpty)
    }

    /// A number is not looked up, so nobody else says that there is no such interface.
    @Test func `an interface that is missing by its number is found`() throws {
        var host = FakeHost()
        host.states["tcp://[fe80::1%7]:7007"] = .failed(SystemError("bind", errno: ENODEV))
        #expect(
            try Self.findings(Self.echo("tcp://[fe80::1%7]:7007"), on: host).map(\.description) == [
                """
                usherd.toml:2:10: note: tcp://[fe80::1%7]:7007 of the listener echo cannot be listened on: No such device \
                (ENODEV)
                help: this host has no interface of this number: `ip link` shows the interfaces; a name, such as %eth0, is \
                still right after the interface was recreated
                """
            ])
    }

    @Test func `an address that systemd listens on must be named`() throws {
        var host = FakeHost()
        host.states["tcp://127.0.0.1:7007"] = .taken(by: .init(name: "systemd", pid: 1))
        let found = try Self.findings(Self.echo("tcp://127.0.0.1:7007"), on: host)
        #expect(found.first?.help.contains("write systemd:// and its FileDescriptorName=") == true)
    }

    @Test func `a port below 1024 needs the capability that the unit has`() throws {
        #expect(try Self.findings(Self.echo("tcp://127.0.0.1:80")).isEmpty)
        #expect(try Self.findings(Self.echo("tcp://127.0.0.1:80"), as: Self.root).isEmpty)
        #expect(try Self.findings(Self.echo("tcp://127.0.0.1:80"), as: Self.alice).count == 1)
        #expect(try Self.findings(Self.echo("tcp://127.0.0.1:1024"), as: Self.alice).isEmpty)
        #expect(try Self.findings(Self.echo("tcp://127.0.0.1:0"), as: Self.alice).isEmpty)
        var host = FakeHost()
        host.states["tcp://127.0.0.1:80"] = .failed(SystemError("bind", errno: EACCES))
        #expect(try Self.findings(Self.echo("tcp://127.0.0.1:80"), as: Self.alice, on: host).count == 1)
    }

    @Test func `a socket that systemd passes is not searched for`() throws {
        #expect(try Self.findings(Self.echo("systemd://echo")).isEmpty)
    }

    // MARK: Descriptors

    @Test func `too few descriptors for max-connections are found`() throws {
        var host = FakeHost()
        host.descriptorLimit = 1024
        let text = "[daemon]\nmax-connections = 2000\n" + Self.echo("tcp://127.0.0.1:7007")
        let found = try Self.findings(text, as: Self.alice, on: host)
        #expect(
            found.map(\.message) == [
                "max-connections needs up to 2033 descriptors, and a process may have 1024 here"
            ])
        #expect(found.first?.origin?.description == "usherd.toml:2:1")
        #expect(try Self.findings(text, on: host).isEmpty, "the unit has a limit of its own")
        host.descriptorLimit = 2033
        #expect(try Self.findings(text, as: Self.alice, on: host).isEmpty)
        let relay = text.replacing("\"echo\"", with: "\"forward\"\nto = \"tcp://10.0.0.5:1\"")
        #expect(try Self.findings(relay, as: Self.alice, on: host).count == 1, "a relay has two for each connection")
    }

    @Test(arguments: [
        ([] as [String], Configuration.defaultPath), (["usherd", "-c", "a.toml"], "a.toml"),
        (["usherd", "--config", "b", "--check"], "b"), (["usherd", "--config=/c"], "/c"),
        (["usherd", "-c"], Configuration.defaultPath),
    ])
    func `the configuration of a process is that of its command line`(arguments: [String], path: String) {
        #expect(SystemHostFacts.configuration(of: arguments) == path)
    }

    @Test(arguments: ["/run", "/etc", "/var/log", "/"])
    func `no advice changes the owner of a shared directory`(path: String) {
        let obstacle = PathObstacle.notWritable(path, FileStatus(.directory, mode: 0o755, mayWrite: false))
        let help = obstacle.help(for: "usherd")
        #expect(help.contains("a directory of usherd's own") && !help.contains("chown"))
    }

    @Test func `the owner of a program's own directory may be changed`() {
        let obstacle = PathObstacle.notWritable("/srv/log", FileStatus(.directory, mode: 0o755, mayWrite: false))
        #expect(obstacle.help(for: "usherd").hasPrefix("chown usherd /srv/log"))
    }
}
