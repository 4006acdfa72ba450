// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// A host for usherd with several addresses, and one for its clients: network namespaces with a wire between them.
///
/// The host of usherd is 10.77.0.1, 10.77.0.2, fd77::1 and fd77::2; the other one 10.77.0.9 and fd77::9. What it made is
/// gone with the last reference to it.
final class TwoHosts {
    /// Whether namespaces can be made here.
    static let isAvailable: Bool = {
        guard getuid() == 0, (try? TwoHosts()) != nil else { return false }
        return true
    }()

    /// Whether the kernel can lose, double and reorder packets: tc-netem(8).
    static let canDisturb: Bool = {
        guard isAvailable, let hosts = try? TwoHosts() else { return false }
        return (try? hosts.disturb("delay 1ms")) != nil
    }()

    /// What comes before a program on the command line, so that it runs on the host of usherd.
    var server: [String] { ["ip", "netns", "exec", front] }

    private let front: String
    private let other: String

    /// Makes the hosts.
    init() throws {
        let name = "usher-\(getpid())-\(UInt16.random(in: 0...UInt16.max))"
        front = "\(name)-front"
        other = "\(name)-other"
        try Self.run(["ip", "netns", "add", front])
        try Self.run(["ip", "netns", "add", other])
        try Self.run(
            ["ip", "-n", front, "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", other])
        for (host, addresses) in [(front, ["1", "2"]), (other, ["9"])] {
            // No waiting for neighbours that claim the same IPv6 address.
            try Self.run(
                ["ip", "netns", "exec", host, "sh", "-c", "echo 0 > /proc/sys/net/ipv6/conf/wire/accept_dad"])
            for link in ["lo", "wire"] { try Self.run(["ip", "-n", host, "link", "set", link, "up"]) }
            for address in addresses {
                try Self.run(
                    ["ip", "-n", host, "address", "add", "10.77.0.\(address)/24", "brd", "+", "dev", "wire"])
                try Self.run(["ip", "-n", host, "address", "add", "fd77::\(address)/64", "dev", "wire", "nodad"])
            }
        }
        try Self.run(["ip", "-n", other, "route", "add", "239.0.0.0/8", "dev", "wire"])
        // Where forged sources would be, so that nothing looks strange about them.
        try Self.run(["ip", "-n", front, "route", "add", "10.128.0.0/9", "via", "10.77.0.9"])
    }

    deinit {
        for name in [front, other] { _ = try? Self.run(["ip", "netns", "delete", name]) }
    }

    /// Lets the wire lose, double or reorder what goes either way, as tc-netem(8) has it.
    func disturb(_ how: String) throws {
        for host in [front, other] {
            try Self.run(
                ["tc", "-n", host, "qdisc", "replace", "dev", "wire", "root", "netem"]
                    + how.split(separator: " ").map(String.init))
        }
    }

    /// The link-local address of the host of usherd.
    func linkLocalAddress() throws -> String {
        try waitFor("a link-local address") {
            let text = try Self.run(["ip", "-n", front, "-6", "-o", "address", "show", "dev", "wire", "scope", "link"])
            let words = text.split(separator: " ")
            guard let place = words.firstIndex(of: "inet6"), !text.contains("tentative") else { return nil }
            return words[place + 1].split(separator: "/").first.map(String.init)
        }
    }

    /// Runs a program on the other host to its end.
    ///
    /// - Returns: what it wrote on standard output.
    @discardableResult func run(_ command: [String]) throws -> String {
        try Self.run(["ip", "netns", "exec", other] + command)
    }

    /// Runs a script of Python's on the other host.
    func python(_ script: String, _ arguments: [String] = []) throws -> String {
        try run(["/usr/bin/python3", "-c", script] + arguments)
    }

    /// Runs ip(8) for the host of usherd.
    @discardableResult func ip(_ words: String...) throws -> String { try Self.run(["ip", "-n", front] + words) }

    /// Runs a script of Python's on the host of usherd.
    @discardableResult func pythonHere(_ script: String, _ arguments: [String] = []) throws -> String {
        try Self.run(server + ["/usr/bin/python3", "-c", script] + arguments)
    }

    /// Runs a shell command on the host of usherd.
    @discardableResult func shell(_ command: String) throws -> String {
        try Self.run(["ip", "netns", "exec", front, "sh", "-c", command])
    }

    /// Switches IPv6 off or on for every interface of the host of usherd.
    func switchIPv6(on: Bool) throws {
        try shell("echo \(on ? 0 : 1) > /proc/sys/net/ipv6/conf/all/disable_ipv6")
    }

    private static let echo = """
        import socket, sys
        family, _, _, _, address = socket.getaddrinfo(sys.argv[1], int(sys.argv[2]), type=socket.SOCK_STREAM)[0]
        client = socket.socket(family)
        client.settimeout(10)
        client.connect(address)
        client.sendall(b"hello")
        print(client.recv(5).decode(), end="")
        """

    /// What an echo on the host of usherd answers to the other host.
    func echo(_ address: String, _ port: Int) throws -> String { try python(Self.echo, [address, "\(port)"]) }

    /// What it answers on its own host.
    func echoHere(_ address: String, _ port: Int) throws -> String {
        try pythonHere(Self.echo, [address, "\(port)"])
    }

    @discardableResult private static func run(_ command: [String]) throws -> String {
        let result = try TestSupport.run(command[0], Array(command.dropFirst()))
        guard result.succeeded else {
            throw Failure(description: "\(command.joined(separator: " ")): \(result.errors)\(result.text)")
        }
        return result.text
    }

    /// What a program would not do.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }
}
