// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import TestSupport

/// A name server on a UDP port of 127.0.0.1 that answers each query as it is told to, and keeps the queries.
///
/// Concurrency: a thread of its own receives and answers; what came may be read from anywhere.
final class FakeNameServer: Sendable {
    /// A question as it came: the message, and the type of the record in host order.
    struct Query: Sendable {
        let message: [UInt8]

        /// The question itself: name, type, class.
        var question: ArraySlice<UInt8> {
            var end = 12
            while end < message.count, message[end] != 0 { end += 1 + Int(message[end]) }
            return message[min(12, message.count)..<min(end + 5, message.count)]
        }

        var type: UInt8 { question.dropLast(2).last ?? 0 }

        /// The answer to it, with an rcode, records as they are, and flags: TC is 0x02.
        func answer(_ records: [[UInt8]], code: UInt8 = 0, flags: UInt8 = 0) -> [UInt8] {
            message.prefix(2) + [0x80 | flags, 0x80 | code, 0, 1, 0, UInt8(records.count), 0, 0, 0, 0] + question
                + records.flatMap { $0 }
        }
    }

    /// The port that it listens on.
    let port: UInt16

    private let raw: CInt
    private let received: Received

    /// What the thread and the owner have in common.
    private final class Received: Sendable {
        let queries = Mutex<[Query]>([])
    }

    /// Starts to answer; `answer` returns nil where no answer is to be sent.
    init(_ answer: @escaping @Sendable (Query) -> [UInt8]?) throws {
        let raw = socket(AF_INET, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard raw >= 0 else { throw POSIXFailure("socket") }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(raw, $0, length) == 0 ? getsockname(raw, $0, &length) : -1
            }
        }
        guard status == 0 else {
            close(raw)
            throw POSIXFailure("bind to 127.0.0.1")
        }
        port = UInt16(bigEndian: address.sin_port)
        self.raw = raw
        let received = Received()
        self.received = received
        // The thread owns the descriptor: it is closed where nobody waits for it any more.
        Thread.detachNewThread {
            while Self.serve(raw, received, answer) {}
            close(raw)
        }
    }

    /// All queries so far, in order.
    var queries: [Query] { received.queries.withLock { $0 } }

    deinit { shutdown(raw, CInt(SHUT_RDWR)) }

    private static func serve(_ raw: CInt, _ received: Received, _ answer: (Query) -> [UInt8]?) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4096)
        var client = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &client) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { client in
                let count = recvfrom(raw, &buffer, buffer.count, 0, client, &length)
                guard count > 0 else { return false }
                let query = Query(message: Array(buffer[..<count]))
                received.queries.withLock { $0.append(query) }
                if let bytes = answer(query) { sendto(raw, bytes, bytes.count, 0, client, length) }
                return true
            }
        }
    }
}

/// A record for the name of the question, to which it points.
func record(_ type: DNSRecordType, ttl: UInt32, _ data: [UInt8]? = nil, class recordClass: UInt8 = 1) -> [UInt8] {
    let data = data ?? Array(repeating: 1, count: type == .aaaa ? 16 : type == .a ? 4 : 2)
    let time = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: ttl >> $0) }
    return [0xc0, 12, 0, type.rawValue, 0, recordClass] + time + [0, UInt8(data.count)] + data
}

/// The types of records that the tests send.
enum DNSRecordType: UInt8 {
    case a = 1
    case cname = 5
    case txt = 16
    case aaaa = 28
    case dname = 39
    case rrsig = 46
}
