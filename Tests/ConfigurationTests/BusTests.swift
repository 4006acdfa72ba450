// SPDX-License-Identifier: Apache-2.0

import Addresses
import TOML
import TestSupport
import Testing

@testable import Configuration

@Suite struct BusTests {
    private func listen(_ address: String, service: String = "discard") throws -> ListenAddress {
        let text = "[listener.a]\nlisten = \"\(address)\"\nservice = \"\(service)\"\n"
        let (configuration, problems) = Configuration.parse(
            files: [(path: "a.toml", bytes: Array(text.utf8))], host: TestHost())
        #expect(problems.isEmpty)
        return try #require(configuration?.listeners.first?.listen.first)
    }

    @Test func `a missing interface is valid`() throws {
        let address = try listen("can://not-there-yet", service: "echo")
        let name = try #require(InterfaceName("not-there-yet"))
        #expect(address.target == .bind(.can, [.can(name, .none)], dualStack: false))
    }

    @Test func `* is every interface`() throws {
        #expect(try listen("can://*").target == .bind(.can, [.can(.any, .none)], dualStack: false))
    }

    @Test func `filters come with the address`() throws {
        let address = try listen("can://can0?id=0x100&mask=0x700&id=0x00000123")
        #expect(
            address.datagrams.filters == [CANFilter(id: 0x100, mask: 0x700), CANFilter(id: 0x123, isExtended: true)])
    }

    /// The kernel takes 512, which is more than an address has room for.
    @Test(arguments: [100, 513])
    func `there may be as many filters as the address holds`(count: Int) {
        let options = (0..<count).map { "id=\($0)" }.joined(separator: "&")
        let text = "[listener.a]\nlisten = \"can://can0?\(options)\"\nservice = \"discard\"\n"
        let (configuration, problems) = Configuration.parse(
            files: [(path: "a.toml", bytes: Array(text.utf8))], host: TestHost())
        #expect(configuration?.listeners.first?.listen.first?.datagrams.filters.count == (count == 100 ? 100 : nil))
        #expect(problems.count == (count == 100 ? 0 : 1))
    }

    @Test func `RDS has the addresses of IP`() throws {
        #expect(
            try listen("rds://127.0.0.1:7", service: "daytime").target
                == .bind(.rds, [.ipv4(.loopback, port: 7)], dualStack: false))
    }

    // MARK: - Relays

    private func relays(_ listeners: String) throws -> [ForwardSettings] {
        let (configuration, problems) = Configuration.parse(
            files: [(path: "a.toml", bytes: Array(listeners.utf8))], host: TestHost())
        #expect(problems.isEmpty, "\(problems)")
        return try #require(configuration).listeners.compactMap(\.service.forward)
    }

    private static let flows: [(String, String, String, Bool)] = [
        ("can://can0", "can://can1", "", true), ("can://can0", "udp://10.0.0.1:1", "", false),
        ("can://can0", "udp://10.0.0.1:1", "flow = \"bus\"", true),
        ("can://can0", "udp://10.0.0.1:1", "flow = \"identifier\"", false),
        ("can://can0", "can://can1", "flow = \"bus\"", true), ("udp://127.0.0.1:1", "can://can1", "", false),
        ("rds://127.0.0.1:1", "rds://10.0.0.1:1", "", false),
    ]

    @Test(arguments: flows)
    func `between buses all frames are one flow`(listen: String, to: String, key: String, isOne: Bool) throws {
        let text = "[listener.a]\nlisten = \"\(listen)\"\nservice = \"forward\"\nto = \"\(to)\"\n\(key)\n"
        #expect(try relays(text).map(\.takesBusAsOne) == [isOne])
    }

    /// Listeners whose frames go round, or do not: where each listens, and its upstream.
    private static let circles: [(links: [(String, String)], isCircle: Bool)] = [
        // Each frame stays with one of the two.
        ([("can0?id=0x100&mask=0x700", "can1?id=0x300"), ("can0?id=0x200&mask=0x700", "can1?id=0x400")], false),
        // There and back by two, in the same direction and in opposite ones.
        ([("can0?id=0x100&mask=0x700", "can1"), ("can0?id=0x200&mask=0x700", "can1")], true),
        ([("can0", "can1"), ("can1", "can0")], true),
        ([("can0?id=0x100", "can1?id=0x7ff"), ("can1?id=0x200", "can0?id=0x7fe")], false),
        ([("can0?id=0x100", "can1?id=0x7ff"), ("can1?id=0x200", "can0?id=0x7ff")], true),
        // A chain, and a circle whose last link goes the other way.
        ([("can0", "can1"), ("can1", "can2")], false),
        ([("can0", "can1"), ("can1", "can2"), ("can0", "can2")], true),
        ([("can0", "can1"), ("can1", "can2"), ("can0", "can2?id=0x00000001")], true),
        ([("can0", "can1?id=0x2"), ("can1?id=0x1", "can2"), ("can0?id=0x4", "can2?id=0x3")], false),
        // One listener with two buses on each side, and with filters that part them.
        ([("can0\", \"can://can1", "can2\", \"can://can3")], true),
        ([("can0?id=1\", \"can://can1?id=2", "can2?id=3\", \"can://can3?id=4")], false),
        ([("can0\", \"can://can1", "can2")], false),
        // A star.
        ([("can0", "can9"), ("can1", "can9"), ("can2", "can9")], false),
    ]

    @Test(arguments: circles)
    func `loops of frames are found`(links: [(String, String)], isCircle: Bool) {
        let text = links.enumerated().map { number, link in
            "[listener.l\(number)]\nlisten = [\"can://\(link.0)\"]\nservice = \"forward\"\nto = [\"can://\(link.1)\"]\n"
        }.joined()
        let (_, problems) = Configuration.parse(files: [(path: "a.toml", bytes: Array(text.utf8))], host: TestHost())
        #expect(problems.isEmpty == !isCircle, "\(problems)")
    }

    @Test func `each loop between buses is reported once, with the listeners`() {
        func listener(_ name: String, _ listen: String, _ to: String) -> String {
            "[listener.\(name)]\nlisten = [\(listen)]\nservice = \"forward\"\nto = [\(to)]\n"
        }
        let square = listener(
            "square", (0..<200).map { "\"can://a\($0)\"" }.joined(separator: ", "),
            (0..<200).map { "\"can://b\($0)\"" }.joined(separator: ", "))
        let back = listener("back", "\"can://b7\"", "\"can://c\"") + listener("bridge", "\"can://c\"", "\"can://a9\"")
        let (_, problems) = Configuration.parse(
            files: [(path: "a.toml", bytes: Array((square + back).utf8))], host: TestHost())
        #expect(
            problems.map(\.message).filter { $0.hasPrefix("frames") } == [
                "frames would be relayed for ever between the buses of the listener `square`",
                "frames would be relayed for ever between the buses of the listeners `square` and `back` and `bridge`",
            ])
    }

    /// Twelve buses, each relayed to each, and more that are reached by one listener: a search along every way would never
    /// end.
    @Test(.timeLimit(.minutes(1))) func `the search for loops visits each bus once`() {
        var text = ""
        func relay(_ one: Int, _ other: Int, filter: String = "") {
            text +=
                "[listener.l\(one)-\(other)]\nlisten = \"can://can\(one)\(filter)\"\nservice = \"forward\"\n"
                + "to = \"can://can\(other)\(filter)\"\n"
        }
        for one in 0..<12 {
            for other in 0..<one { relay(one, other) }
        }
        relay(11, 12)
        // A way back that no frame takes.
        relay(12, 0, filter: "?id=1&mask=3")
        relay(12, 13, filter: "?id=2&mask=3")
        relay(13, 0, filter: "?id=2&mask=3")
        let (configuration, problems) = Configuration.parse(
            files: [(path: "a.toml", bytes: Array(text.utf8))], host: TestHost())
        #expect(configuration == nil && problems.count > 50)
    }

    /// Every identifier is tried on every way that takes no bus twice.
    @Test func `loops agree with a search of all paths with each identifier`() throws {
        var random = Numbers(state: 7)
        func filter() -> (text: String, ids: Set<UInt32>) {
            guard Int.random(in: 0..<3, using: &random) > 0 else { return ("", Set(0..<8)) }
            var ids: Set<UInt32> = []
            let options = (0...Int.random(in: 0...1, using: &random)).map { _ in
                let (id, mask) = (UInt32.random(in: 0..<8, using: &random), UInt32.random(in: 1..<8, using: &random))
                ids.formUnion((0..<8).filter { ($0 ^ id) & mask == 0 })
                return "id=\(id)&mask=\(mask)"
            }
            return ("?" + options.joined(separator: "&"), ids)
        }
        var counts = (circles: 0, others: 0)
        for _ in 0..<1500 {
            var text = ""
            var links: [(near: Int, far: Int, there: Set<UInt32>, back: Set<UInt32>)] = []
            for number in 0..<Int.random(in: 1...4, using: &random) {
                let buses = Array(0..<6).shuffled(using: &random)
                let near = buses[..<Int.random(in: 1...2, using: &random)].map { ($0, filter()) }
                let far = buses[2..<Int.random(in: 3...4, using: &random)].map { ($0, filter()) }
                let write = { (ends: [(Int, (text: String, ids: Set<UInt32>))]) in
                    ends.map { "\"can://can\($0.0)\($0.1.text)\"" }.joined(separator: ", ")
                }
                text +=
                    "[listener.l\(number)]\nlisten = [\(write(near))]\nservice = \"forward\"\nto = [\(write(far))]\n"
                for far in far {
                    for near in near { links.append((near.0, far.0, near.1.ids, far.1.ids)) }
                }
            }
            let (configuration, problems) = Configuration.parse(
                files: [(path: "a.toml", bytes: Array(text.utf8))], host: TestHost())
            let isCircle = (UInt32(0)..<8).contains { id in
                links.indices.contains { first in
                    func comes(_ bus: Int, to end: Int, past: Set<Int>) -> Bool {
                        links.indices.contains { number in
                            let link = links[number]
                            guard number != first else { return false }
                            let next =
                                link.near == bus && link.there.contains(id)
                                ? link.far : link.far == bus && link.back.contains(id) ? link.near : nil
                            guard let next, !past.contains(next) else { return false }
                            return next == end || comes(next, to: end, past: past.union([next]))
                        }
                    }
                    let link = links[first]
                    return link.there.contains(id) && comes(link.far, to: link.near, past: [link.far])
                        || link.back.contains(id) && comes(link.near, to: link.far, past: [link.near])
                }
            }
            let tells = problems.contains { $0.message.hasPrefix("frames would be relayed") }
            // In the direction of `to`, a way may be refused of which each two filters have a frame in common.
            #expect(isCircle || !tells, "\(text)\(problems)")
            #expect(!isCircle || configuration == nil, "\(text)")
            if isCircle { counts.circles += 1 } else { counts.others += 1 }
        }
        #expect(counts.circles > 150 && counts.others > 150)
    }

    @Test func `a search that would take too long ends with a note`() throws {
        let file = SourceFile(number: 0, path: "a.toml", bytes: [])
        let span = file.span(SourceRange(start: 0, end: 0))
        func address(_ text: String) throws -> WrittenAddress {
            WrittenAddress(endpoint: try Endpoint(parsing: text), text: text, span: span)
        }
        let drafts = try (0..<40).map { number in
            var draft = ListenerDraft(name: "l\(number)", span: span)
            draft.addresses = [try address("can://can0?id=\(number)")]
            var forward = ForwardDraft()
            forward.upstreams = [
                UpstreamDraft(
                    address: try address("can://can1?id=\(number + 100)"), weight: nil, maxConnections: nil,
                    isBackup: false, timers: InheritableSettings())
            ]
            draft.values = forward
            return draft
        }
        func notes(effort: Int) -> [String] {
            var diagnostics = Diagnostics(file: file, services: [])
            var loops = BusLoops(drafts, effort: effort)
            loops.report(&diagnostics)
            #expect(diagnostics.problems.isEmpty)
            return diagnostics.notes.map(\.message)
        }
        #expect(notes(effort: 30).map { $0.contains("checked only up to here") } == [true])
        #expect(notes(effort: 1000).isEmpty)
    }
}
