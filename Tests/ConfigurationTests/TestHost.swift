// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

@testable import Configuration

/// A host of which everything is known.
struct TestHost: HostLookup {
    func addresses(of host: String, port: UInt16) throws(NameLookupFailure) -> [SocketAddress] {
        switch host {
        case "localhost": [.ipv4(.loopback, port: port), .ipv6(.loopback, port: port, scope: 0)]
        case "web.example": [.ipv4(IPv4Address(0xc000_0201), port: port)]
        case "empty.example": []
        default: throw NameLookupFailure(reason: "Name or service not known")
        }
    }

    func user(named name: String) throws(NameLookupFailure) -> UInt32? {
        if name == "offline" { throw NameLookupFailure(reason: "Connection refused") }
        return ["root": 0, "alice": 1000][name]
    }

    func group(named name: String) throws(NameLookupFailure) -> UInt32? { ["root": 0, "adm": 4][name] }

    func interface(named name: String) -> UInt32? { ["lo": 1, "eth0": 2][name] }

    func ownAddresses() -> [SocketAddress] {
        [
            .ipv4(.loopback, port: 0), .ipv4(IPv4Address(0xc000_0202), port: 0), .ipv6(.loopback, port: 0, scope: 0),
            .ipv6(IPv6Address(high: 0xfe80 << 48, low: 2), port: 0, scope: 2),
        ]
    }
}

extension Configuration {
    /// Reads one file of this text.
    static func parse(_ text: String) -> (Configuration?, [ConfigurationProblem]) {
        parse(files: [("usherd.toml", Array(text.utf8))], host: TestHost())
    }
}

/// A file system in memory. A path that is missing is one that does not exist.
struct TestFiles: ConfigurationFiles {
    var files: [String: Result<[UInt8], FileReadFailure>] = [:]
    var directories: [String: Result<[String], SystemError>] = [:]
    /// Names that no String has, in every directory.
    var oddNames: [[UInt8]] = []

    func read(_ path: String, limit: Int) throws(FileReadFailure) -> [UInt8] {
        guard let file = files[path] else { throw .system(SystemError("open", errno: 2)) }
        return try file.get()
    }

    func names(in directory: String) throws(SystemError) -> [[UInt8]] {
        try (directories[directory]?.get() ?? []).map { Array($0.utf8) } + oddNames
    }
}
