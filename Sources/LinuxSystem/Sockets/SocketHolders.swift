// SPDX-License-Identifier: Apache-2.0

package import Addresses
import Glibc

/// Finds the processes of this host that hold a socket: proc(5). Processes that this one may not inspect are missing.
package struct SocketHolders {
    /// A socket in the tables of /proc/net.
    package struct Entry: Equatable, Sendable {
        package var inode: UInt64
        /// The user that owns the socket; nil if the table does not have it.
        package var user: UInt32?
    }

    /// A process.
    package struct Process: Equatable, Sendable {
        package var pid: Int
        package var name: String
        /// The words of its command line.
        package var arguments: [String]
        /// The user that the process runs as.
        package var user: UInt32
    }

    /// The most bytes that are read of one file in /proc.
    private static let limit = 64 << 20

    /// The sockets that prevent another from binding to this address: those on it, and on the wildcard of its port.
    package static func sockets(on address: SocketAddress, _ kind: SocketKind) -> [Entry] {
        switch (kind, address) {
        case (.tcp, .ipv4), (.tcp, .ipv6): internet(["tcp", "tcp6"], address, listening: true)
        case (.udp, .ipv4), (.udp, .ipv6): internet(["udp", "udp6"], address, listening: false)
        case (_, .unix(let path)): unix(path)
        case (_, .abstract(let name)): unix([UInt8(ascii: "@")] + name)
        default: []
        }
    }

    /// The processes that have one of these sockets open.
    package static func processes(with sockets: [Entry]) -> [Process] {
        guard !sockets.isEmpty else { return [] }
        let wanted = Set(sockets.map { "socket:[\($0.inode)]" })
        return pids().filter { pid in
            let folder = "/proc/\(pid)/fd"
            guard let names = try? Directory.names(in: folder) else { return false }
            return names.contains {
                link("\(folder)/\(String(decoding: $0, as: UTF8.self))").map(wanted.contains) ?? false
            }
        }.compactMap(process)
    }

    /// Every process with this name.
    package static func processes(named name: String) -> [Process] {
        pids().compactMap(process).filter { $0.name == name }
    }

    /// The working directory of a process, to resolve relative paths in its command line.
    package static func directory(of process: Process) -> String? { link("/proc/\(process.pid)/cwd") }

    /// The lowest port that can be bound without CAP_NET_BIND_SERVICE.
    package static var unprivilegedPort: Int {
        let text = text(of: "/proc/sys/net/ipv4/ip_unprivileged_port_start") ?? ""
        return Int(text.filter { $0 != "\n" }) ?? 1024
    }

    // MARK: The tables

    private static func internet(_ names: [String], _ address: SocketAddress, listening: Bool) -> [Entry] {
        names.flatMap { name in
            table("/proc/net/\(name)").compactMap { columns in
                guard columns.count > 9, !listening || columns[3] == "0A",
                    let own = self.address(columns[1]), own.collides(with: address),
                    let inode = UInt64(columns[9])
                else { return nil }
                return Entry(inode: inode, user: UInt32(columns[7]))
            }
        }
    }

    private static func unix(_ path: [UInt8]) -> [Entry] {
        table("/proc/net/unix").compactMap { columns in
            guard columns.count > 7, columns[7].utf8.elementsEqual(path), let inode = UInt64(columns[6]) else {
                return nil
            }
            return Entry(inode: inode, user: nil)
        }
    }

    private static func table(_ path: String) -> [[Substring]] {
        (text(of: path) ?? "").split(separator: "\n").dropFirst().map { line in
            line.split(separator: " ", maxSplits: 24, omittingEmptySubsequences: true)
        }
    }

    /// Parses an address of /proc/net: each 32-bit word is printed as a number in host byte order.
    static func address(_ text: Substring) -> SocketAddress? {
        let parts = text.split(separator: ":")
        guard parts.count == 2, let port = UInt16(parts[1], radix: 16) else { return nil }
        var words: [UInt32] = []
        var rest = parts[0]
        while !rest.isEmpty {
            guard let word = UInt32(rest.prefix(8), radix: 16) else { return nil }
            words.append(UInt32(bigEndian: word))
            rest = rest.dropFirst(8)
        }
        switch words.count {
        case 1: return .ipv4(IPv4Address(words[0]), port: port)
        case 4:
            let high = UInt64(words[0]) << 32 | UInt64(words[1])
            let low = UInt64(words[2]) << 32 | UInt64(words[3])
            return .ipv6(IPv6Address(high: high, low: low), port: port, scope: 0)
        default: return nil
        }
    }

    // MARK: Processes

    private static func pids() -> [Int] {
        ((try? Directory.names(in: "/proc")) ?? []).compactMap { Int(String(decoding: $0, as: UTF8.self)) }.sorted()
    }

    private static func process(_ pid: Int) -> Process? {
        guard let name = text(of: "/proc/\(pid)/comm"), let status = try? FileStatus(of: "/proc/\(pid)") else {
            return nil
        }
        let words = (bytes(of: "/proc/\(pid)/cmdline") ?? []).split(separator: 0, omittingEmptySubsequences: false)
        return Process(
            pid: pid, name: String(name.prefix { $0 != "\n" }),
            arguments: words.dropLast().map { String(decoding: $0, as: UTF8.self) }, user: status.owner)
    }

    private static func bytes(of path: String) -> [UInt8]? { try? RegularFile.read(path, limit: limit) }

    private static func text(of path: String) -> String? { bytes(of: path).map { String(decoding: $0, as: UTF8.self) } }

    private static func link(_ path: String) -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        // unsafe: the buffer has PATH_MAX bytes, and the string is valid for the call.
        let count = unsafe readlink(path, &buffer, buffer.count)
        guard count > 0, count < buffer.count else { return nil }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension SocketAddress {
    /// Whether the kernel lets only one of two sockets have these addresses: they are equal, or one contains the other.
    func collides(with other: SocketAddress) -> Bool {
        guard let port, port == other.port else { return false }
        if isWildcard || other.isWildcard { return true }
        return with(port: 0).withoutScope == other.with(port: 0).withoutScope
    }

    private var withoutScope: SocketAddress {
        if case .ipv6(let ip, let port, _) = self { .ipv6(ip, port: port, scope: 0) } else { self }
    }
}
