// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The program that is both ends of many relays at once: driver.c, which says what it checks.
struct ChaosDriver {
    /// What it says of a run in which nothing went wrong.
    struct Summary {
        /// How many transfers nobody broke off.
        let clean: Int
        /// How many descriptors of the daemon are pipes now.
        let pipes: Int
        /// The daemon's resident memory now, in KiB.
        let residentMemory: Int
    }

    /// What it has to say against the daemon.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private static let program = Result { try Program() }

    /// The compiled driver, for as long as the tests run.
    private final class Program: Sendable {
        let directory: TemporaryDirectory
        let path: String

        init() throws {
            directory = try TemporaryDirectory()
            path = directory.appending("driver")
            let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "driver.c")
            let result = try TestSupport.run("cc", ["-O2", "-Wall", "-Wextra", "-Werror", "-o", path, source.path])
            guard result.succeeded else { throw Failure(description: result.errors) }
        }
    }

    private let path: String
    private let directory: TemporaryDirectory
    private let seed: UInt64
    private let upstreams: [Upstream]
    private var results: [String] = []
    private var next = 0

    /// A listening socket of the driver's.
    private struct Upstream {
        let listener: String
        let address: ServerAddress
        let socket: OpenFile
        let header: String
    }

    /// Makes the upstreams.
    ///
    /// - Parameter seed: what its schedule follows from.
    init(seed: UInt64) throws {
        let directory = try TemporaryDirectory()
        self.directory = directory
        self.seed = seed
        path = try Self.program.get().path
        upstreams = try ["tcp", "unix", "tcp-header", "unix-header"].map { listener in
            let isTCP = listener.hasPrefix("tcp")
            let server = try Server(
                isTCP ? .loopback : ServerAddress(.unix(path: directory.appending(listener))), backlog: 4096)
            return Upstream(
                listener: listener, address: server.address, socket: OpenFile(adopting: server.release()),
                header: listener.hasSuffix("header") ? "send-proxy = \"v2\"" : "")
        }
    }

    /// The listeners through which it goes.
    var configuration: String {
        upstreams.map { upstream in
            """
            [listener.\(upstream.listener)]
            listen = ["tcp://127.0.0.1:0", "unix://$DIR/\(upstream.listener)"]
            service = "forward"
            to = "\(upstream.address)"
            \(upstream.header)
            """
        }.joined(separator: "\n\n")
    }

    /// Makes the next connections of the schedule, some of them at a time.
    mutating func run(_ count: Int, atOnce: Int, through daemon: Usherd, at addresses: [ServerAddress]) throws
        -> Summary
    {
        let results = directory.appending("results-\(next)")
        let text = try run(
            ["run", "\(seed)", "\(next)", "\(count)", "\(atOnce)", "\(daemon.identifier)", results]
                + addresses.map(\.description),
            descriptors: upstreams.map(\.socket.raw))
        self.results.append(results)
        next += count
        return try Summary(
            clean: Self.number("clean", in: text), pipes: Self.number("pipes", in: text),
            residentMemory: Self.number("kibibytes", in: text))
    }

    /// What follows a name and a `=`.
    private static func number(_ name: String, in text: String) throws -> Int {
        let words = text.split { $0.isWhitespace }
        let word = try #require(words.last { $0.hasPrefix("\(name)=") })
        return try #require(Int(word.dropFirst(name.count + 1)))
    }

    /// Holds the records of all connections that were made against what became of them.
    func checkRecords(in log: String) throws {
        try run(["records", log] + results, descriptors: [])
    }

    /// Runs it to its end.
    ///
    /// - Returns: what it printed.
    @discardableResult private func run(_ arguments: [String], descriptors: [CInt]) throws -> String {
        let output = try OpenFile(directory.appending("output"), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND)
        var all: [CInt: CInt] = [1: output.raw, 2: output.raw]
        for (index, descriptor) in descriptors.enumerated() { all[3 + CInt(index)] = descriptor }
        let end = try ChildProcess(path, arguments, descriptors: all).waitForEnd()
        let text = directory.read("output")
        guard end == .exited(0) else {
            throw Failure(description: "seed \(seed): the driver \(end) and said:\n\(text)")
        }
        return text
    }
}
