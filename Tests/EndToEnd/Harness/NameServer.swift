// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import TestSupport
import Testing

/// A name server on port 53 of a loopback address of its own, that answers, fails, lies or is silent as a test says.
///
/// Concurrency: a thread of its own serves; a test may call it from anywhere.
final class NameServer: Sendable {
    /// How queries are answered.
    enum Behaviour: Equatable, Sendable, CustomTestStringConvertible {
        /// With the addresses that the zone has; NXDOMAIN for a name that it does not have.
        case honest
        /// Not at all.
        case silent
        /// SERVFAIL, which says that the server could not find out.
        case serverFailure
        /// NXDOMAIN: there is no such name.
        case noSuchName
        /// No error, and no record.
        case noData
        /// As another query's answer.
        case wrongIdentifier
        /// With bytes that are no records.
        case garbage
        /// With the flag that asks for TCP, where nobody listens.
        case truncated
        /// After so many milliseconds.
        case slow(UInt32)

        var testDescription: String { "\(self)" }
    }

    private struct State {
        var behaviour = Behaviour.honest
        var addresses: [String] = []
        var timeToLive: UInt32 = 1
        var queries = 0
        /// The descriptor is closed: its number may be another test's.
        var isOver = false
    }

    private final class Shared: Sendable {
        let state = Mutex(State())
    }

    /// Where it listens.
    private let host: String
    private let raw: CInt
    private let shared = Shared()

    /// Begins to answer, for every name, with these IPv4 addresses.
    init(_ addresses: [String], timeToLive: UInt32 = 1, behaviour: Behaviour = .honest) throws {
        let descriptor = socket(AF_INET, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        raw = descriptor
        guard descriptor >= 0 else { throw POSIXFailure("socket") }
        // The C library asks at port 53 alone; of loopback's sixteen million addresses, one is free.
        var found: String?
        for _ in 0..<100 where found == nil {
            let host = (0..<3).reduce(into: "127") { host, _ in host += ".\(UInt8.random(in: 2...250))" }
            let status = ServerAddress(.ip(host: host, port: 53)).withKernelAddress { bind(descriptor, $0, $1) }
            if status == 0 { found = host }
        }
        guard let found else {
            close(descriptor)
            throw POSIXFailure("bind to port 53")
        }
        host = found
        set(addresses, timeToLive: timeToLive)
        behave(behaviour)
        let shared = shared
        Thread.detachNewThread {
            while Self.serve(descriptor, shared) {}
            shared.state.withLock {
                $0.isOver = true
                close(descriptor)
            }
        }
    }

    deinit {
        shared.state.withLock { state in
            if !state.isOver { shutdown(raw, CInt(SHUT_RDWR)) }
        }
    }

    /// From now on it answers in this way.
    func behave(_ behaviour: Behaviour) { shared.state.withLock { $0.behaviour = behaviour } }

    /// From now on the names have these addresses.
    func set(_ addresses: [String], timeToLive: UInt32 = 1) {
        shared.state.withLock {
            $0.addresses = addresses
            $0.timeToLive = timeToLive
        }
    }

    /// How many queries have come.
    var queries: Int { shared.state.withLock { $0.queries } }

    /// What a daemon is started with that asks this server, and has these lines in /etc/hosts besides.
    ///
    /// - Parameter patience: how many seconds the C library waits for an answer, once.
    func options(hosts: String = "", patience: Int = 1) throws -> Usherd.Options {
        let directory = try TemporaryDirectory()
        try directory.write(
            "nameserver \(host)\noptions timeout:\(patience) attempts:1\n", to: "resolv.conf")
        return try Self.options(directory, hosts: hosts, files: ["resolv.conf"])
    }

    /// What a daemon is started with that has these lines in /etc/hosts, and asks nobody.
    static func options(hosts: String) throws -> Usherd.Options {
        try options(try TemporaryDirectory(), hosts: hosts, files: [])
    }

    private static func options(
        _ directory: TemporaryDirectory, hosts: String, files: [String]
    ) throws -> Usherd.Options {
        try directory.write(hosts, to: "hosts")
        try directory.write("hosts: files dns\n", to: "nsswitch.conf")
        let mounts = (files + ["hosts", "nsswitch.conf"]).map { "mount --bind \(directory.appending($0)) /etc/\($0)" }
        var options = Usherd.Options()
        options.directory = directory
        options.wrapper = MountNamespace.wrapper(mounts.joined(separator: " && "))
        return options
    }

    // MARK: - The protocol: RFC 1035

    private static func serve(_ raw: CInt, _ shared: Shared) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4096)
        var client = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &client) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { client in
                let count = recvfrom(raw, &buffer, buffer.count, 0, client, &length)
                guard count > 0 else { return false }
                let state = shared.state.withLock { state in
                    state.queries += 1
                    return state
                }
                if case .slow(let milliseconds) = state.behaviour { usleep(milliseconds * 1000) }
                if let bytes = answer(Array(buffer[..<count]), state) {
                    sendto(raw, bytes, bytes.count, 0, client, length)
                }
                return true
            }
        }
    }

    private static func answer(_ query: [UInt8], _ state: State) -> [UInt8]? {
        var end = 12
        while end < query.count, query[end] != 0 { end += 1 + Int(query[end]) }
        guard query.count >= end + 5 else { return nil }
        let question = query[12..<end + 5]
        var identifier = Array(query.prefix(2))
        // Byte 2: an answer, recursion desired; byte 3: recursion available, and the code.
        var (flags, code): (UInt8, UInt8) = (0x81, 0)
        var records: [[UInt8]] = []
        switch state.behaviour {
        case .silent: return nil
        case .serverFailure: code = 2
        case .noSuchName: code = 3
        case .noData: break
        case .truncated: flags |= 2
        case .garbage: records = [Array(repeating: 0xff, count: 40)]
        case .wrongIdentifier:
            identifier[0] ^= 0x55
            records = addresses(state, question)
        case .honest, .slow: records = addresses(state, question)
        }
        return identifier + [flags, 0x80 | code, 0, 1, 0, UInt8(records.count), 0, 0, 0, 0] + question
            + records.flatMap { $0 }
    }

    private static func addresses(_ state: State, _ question: ArraySlice<UInt8>) -> [[UInt8]] {
        // Type A.
        guard question.dropLast(2).last == 1 else { return [] }
        let time = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: state.timeToLive >> $0) }
        return state.addresses.map { address in
            // A pointer to the name of the question, type A, class IN.
            [0xc0, 12, 0, 1, 0, 1] + time + [0, 4] + address.split(separator: ".").compactMap { UInt8($0) }
        }
    }
}
