// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// A host with usherd on it and some others with an upstream each: network namespaces, which wires join. Each wire can be
/// cut so that nobody hears of it, as between hosts.
///
/// What it made is gone with the last reference to it.
final class TestNetwork {
    /// Whether namespaces can be made here.
    static let isAvailable: Bool = {
        guard getuid() == 0, (try? TestNetwork(upstreams: 1)) != nil else { return false }
        return true
    }()

    /// What comes before a program on the command line, so that it runs on the host of usherd. Unix sockets are the same
    /// on all hosts, so that is where its clients come from.
    var wrapper: [String] { Self.wrapper(front) }

    private let front: String
    private let others: [String]

    /// Makes the hosts.
    init(upstreams count: Int) throws {
        let name = "usher-\(getpid())-\(UInt16.random(in: 0...UInt16.max))"
        front = name
        others = (0..<count).map { "\(name)-\($0)" }
        try Self.ip(["netns", "add", front])
        try Self.ip(["-n", front, "link", "set", "lo", "up"])
        for (index, other) in others.enumerated() {
            try Self.ip(["netns", "add", other])
            try Self.ip(
                ["-n", front, "link", "add", "to\(index)", "type", "veth", "peer", "name", "wire", "netns", other])
            try Self.ip(["-n", front, "address", "add", "10.86.\(index).1/24", "dev", "to\(index)"])
            try Self.ip(["-n", other, "address", "add", "\(address(of: index))/24", "dev", "wire"])
            try Self.ip(["-n", front, "link", "set", "to\(index)", "up"])
            try Self.ip(["-n", other, "link", "set", "wire", "up"])
        }
    }

    deinit {
        for name in others + [front] { try? Self.ip(["netns", "delete", name]) }
    }

    /// The address of the host of an upstream.
    func address(of index: Int) -> String { "10.86.\(index).2" }

    /// The address of the host of usherd on the wire to the host of an upstream.
    func frontAddress(towards index: Int) -> String { "10.86.\(index).1" }

    /// The command that runs a program on the host of an upstream.
    func wrapper(of index: Int) -> [String] { Self.wrapper(others[index]) }

    /// Runs a program on the host of usherd to its end.
    ///
    /// - Returns: what it wrote on standard output.
    @discardableResult func onFront(_ command: String...) throws -> String {
        let words = wrapper + command
        let result = try run(words[0], Array(words[1...]))
        guard result.succeeded else {
            throw Failure(description: "\(words.joined(separator: " ")): \(result.errors)")
        }
        return result.text
    }

    /// Cuts a wire: nothing that is sent arrives, in neither direction, and nobody is told.
    func cut(_ index: Int) throws {
        // To a station that is not there.
        let nobody = ["lladdr", "02:00:00:00:00:01", "nud", "permanent"]
        try Self.ip(["-n", front, "neighbour", "replace", address(of: index)] + nobody + ["dev", "to\(index)"])
        try Self.ip(
            ["-n", others[index], "neighbour", "replace", frontAddress(towards: index)] + nobody + ["dev", "wire"])
    }

    /// Mends a wire.
    func mend(_ index: Int) throws {
        try Self.ip(["-n", front, "neighbour", "delete", address(of: index), "dev", "to\(index)"])
        try Self.ip(["-n", others[index], "neighbour", "delete", frontAddress(towards: index), "dev", "wire"])
    }

    private static func wrapper(_ name: String) -> [String] { ["ip", "netns", "exec", name] }

    private static func ip(_ arguments: [String]) throws {
        let result = try run("ip", arguments)
        guard result.succeeded else {
            throw Failure(description: "ip \(arguments.joined(separator: " ")): \(result.errors)")
        }
    }

    /// What ip(8) would not do.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }
}
