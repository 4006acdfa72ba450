// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import LinuxSystem

@Suite struct NameServiceTimeToLiveTests {
    private static let name = "db.example.test."

    /// Asks a name server that has these records, by the type of the question, and another code if there are none.
    private func time(a: [[UInt8]] = [], aaaa: [[UInt8]] = [], code: UInt8 = 0, flags: UInt8 = 0) throws -> UInt32? {
        let server = try FakeNameServer { query in
            query.answer(query.type == DNSRecordType.a.rawValue ? a : aaaa, code: code, flags: flags)
        }
        return NameService.timeToLive(of: Self.name, askingAt: server.port)
    }

    @Test func `the TTL covers both families and the alias`() throws {
        #expect(try time(a: [record(.a, ttl: 300)], aaaa: [record(.aaaa, ttl: 60)]) == 60)
        #expect(try time(a: [record(.a, ttl: 30)], aaaa: [record(.aaaa, ttl: 60)]) == 30)
        #expect(try time(a: [record(.a, ttl: 300)]) == 300)
        #expect(try time(aaaa: [record(.aaaa, ttl: 60)]) == 60)
        #expect(try time(a: [record(.cname, ttl: 20), record(.a, ttl: 300)]) == 20)
    }

    @Test func `without a DNS address the TTL is unknown`() throws {
        #expect(try time() == nil)
        // NXDOMAIN, SERVFAIL, REFUSED.
        for code in [3, 2, 5] as [UInt8] { #expect(try time(code: code) == nil) }
    }

    @Test func `both families are queried, without search domains`() throws {
        let server = try FakeNameServer { $0.answer([record(.a, ttl: 9)]) }
        #expect(NameService.timeToLive(of: Self.name, askingAt: server.port) == 9)
        #expect(server.queries.map(\.type) == [DNSRecordType.a.rawValue, DNSRecordType.aaaa.rawValue])
        let label = [2] + Array("db".utf8) + [7] + Array("example".utf8) + [4] + Array("test".utf8) + [0]
        #expect(server.queries.allSatisfy { Array($0.question.dropLast(4)) == label })
    }

    @Test(arguments: ["127.0.0.1", "::1", "fe80::1%lo", "fe80::1%2"])
    func `a numeric address is not queried`(host: String) throws {
        let server = try FakeNameServer { $0.answer([record(.a, ttl: 9), record(.aaaa, ttl: 9)]) }
        #expect(NameService.timeToLive(of: host, askingAt: server.port) == nil)
        #expect(server.queries.isEmpty)
    }

    @Test(arguments: ["", ".", "no such name", String(repeating: "a", count: 5000)])
    func `an invalid name has no TTL`(host: String) throws {
        let server = try FakeNameServer { $0.answer([]) }
        #expect(NameService.timeToLive(of: host, askingAt: server.port) == nil)
    }

    /// TCP, which the flag asks for, has no time limit; what came is good enough.
    @Test func `a truncated answer is used as far as it goes`() throws {
        #expect(try time(a: [record(.a, ttl: 300)], aaaa: [record(.aaaa, ttl: 60)], flags: 0x02) == 60)
    }

    @Test func `a silent server is given up quickly`() throws {
        let silent = try FakeNameServer { _ in nil }
        let clock = ContinuousClock()
        let time = clock.measure { #expect(NameService.timeToLive(of: Self.name, askingAt: silent.port) == nil) }
        // A second for each family, and plenty for a slow machine; res_search(3) alone would take 20.
        #expect(time < .seconds(8))
        #expect(silent.queries.count == 2)
    }

    @Test func `ECONNREFUSED ends the query immediately`() throws {
        let port = try FakeNameServer { _ in nil }.port
        #expect(NameService.timeToLive(of: Self.name, askingAt: port) == nil)
    }

    /// Each answer has the identifier and the question of its query, so that it comes to us.
    @Test func `invalid answers are ignored`() throws {
        let address = record(.a, ttl: 300)
        let answers: [@Sendable (FakeNameServer.Query) -> [UInt8]] = [
            // Cut off within the record, its length, the question, and the header.
            { $0.answer([address]).dropLast(1) },
            { $0.answer([address]).dropLast(6) },
            { Array($0.answer([]).dropLast(3)) },
            { Array($0.answer([]).prefix(11)) },
            // More records than there are.
            { $0.answer([address, []]) },
            { Array($0.answer([address]).prefix(6)) + [0xff, 0xff] + $0.answer([address]).dropFirst(8) },
            // A name that points to itself, and data that does.
            { $0.answer([[0xc0, UInt8(12 + $0.question.count)]]) },
            { $0.answer([record(.cname, ttl: 1, [0xc0, 12])]) },
            { $0.answer([Array(repeating: 0xff, count: 1000)]) },
        ]
        for (index, answer) in answers.enumerated() {
            let server = try FakeNameServer { answer($0) }
            let time = NameService.timeToLive(of: Self.name, askingAt: server.port)
            #expect(time == nil, "answer \(index)")
            #expect(!server.queries.isEmpty)
        }
    }
}
