// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// A port of loopback that one test alone has, over TCP and UDP, for a server that cannot be told to let the kernel choose,
/// or that is stopped and started again. Until something listens there, connections are refused.
///
/// The port lies outside net.ipv4.ip_local_port_range, from which the kernel takes every port that it chooses itself. So
/// nothing gets it by chance, not even while nobody has it bound. Each is given out once in a process; another process
/// begins at another number, and what is in use is passed over.
public struct ReservedPort: Sendable {
    /// There is no port that the kernel would not give away.
    public struct NoneLeft: Error, CustomStringConvertible {
        /// What is missing.
        public let description = "no port outside net.ipv4.ip_local_port_range is free"
    }

    /// Where, over IPv4.
    public let address: ServerAddress

    private static let firstPort = 10_000
    private static let given = Atomic<Int>(0)

    /// Reserves one.
    public init() throws {
        let range = Self.range
        for _ in range {
            let number = Self.given.wrappingAdd(1, ordering: .relaxed).oldValue + Int(getpid()) * 61
            let port = UInt16(range.lowerBound + number % range.count)
            if Self.isFree(port) {
                address = ServerAddress(.ip(host: "127.0.0.1", port: port))
                return
            }
        }
        throw NoneLeft()
    }

    /// The ports below those that the kernel chooses from.
    private static let range: Range<Int> = {
        let text = (try? String(contentsOfFile: "/proc/sys/net/ipv4/ip_local_port_range", encoding: .utf8)) ?? ""
        let first = text.split { $0.isWhitespace }.first.flatMap { Int($0) } ?? 32_768
        return firstPort..<max(first, firstPort)
    }()

    /// Whether nothing has the port, on any address of this host.
    private static func isFree(_ port: UInt16) -> Bool {
        [SOCK_STREAM, SOCK_DGRAM].allSatisfy { type in
            let raw = socket(AF_INET6, CInt(type.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
            guard raw >= 0 else { return isFree(port, overIPv4: CInt(type.rawValue)) }
            defer { close(raw) }
            let any = ServerAddress(.ip(host: "::", port: port))
            return any.withKernelAddress { bind(raw, $0, $1) } == 0
        }
    }

    private static func isFree(_ port: UInt16, overIPv4 type: CInt) -> Bool {
        let raw = socket(AF_INET, type | CInt(SOCK_CLOEXEC.rawValue), 0)
        defer { close(raw) }
        return ServerAddress(.ip(host: "0.0.0.0", port: port)).withKernelAddress { bind(raw, $0, $1) } == 0
    }
}
