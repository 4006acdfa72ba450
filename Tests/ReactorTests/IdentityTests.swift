// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import ProxyProtocol
import Records
import TestSupport
import Testing

@testable import Reactor

@Suite struct IdentityTests {
    private let listener = ListenerInForce(1, name: "front") { preconditionFailure("no service is made") }

    private func random(_ random: inout SplitMix) -> Identity {
        var identity = Identity(
            number: random.next(), listener: listener,
            kind: SocketKind.allCases[Int.random(in: SocketKind.allCases.indices, using: &random)],
            peer: .random(using: &random), local: .random(using: &random),
            credentials: Bool.random(using: &random)
                ? PeerCredentials(
                    pid: .random(in: 0 ... .max, using: &random), uid: .random(in: 0 ... .max, using: &random),
                    gid: .random(in: 0 ... .max, using: &random)) : nil,
            accepted: random.next())
        if Bool.random(using: &random) {
            let address = SocketAddress.ipv4(IPv4Address(UInt32.random(in: 0 ... .max, using: &random)), port: 7)
            let header = ProxyHeader(
                relaying: address, to: .ipv4(.loopback, port: 8), version: Bool.random(using: &random) ? .v1 : .v2)
            identity.origin = ProxyOrigin(via: .random(using: &random), header: header)
        }
        return identity
    }

    @Test func `an identity survives serialization with all properties`() throws {
        var generator = SplitMix(seed: 17)
        for _ in 0..<2000 {
            let identity = random(&generator)
            var writer = FieldWriter()
            identity.write(to: &writer)
            let read = try Identity(try FieldReader(writer.bytes)) { $0 == "front" ? listener : nil }
            // A fact that is added is compared without this test being told.
            for (before, after) in zip(Mirror(reflecting: identity).children, Mirror(reflecting: read).children)
            where before.label != "origin" {
                #expect("\(before.value)" == "\(after.value)", "\(before.label ?? "")")
            }
            #expect(read.origin?.via == identity.origin?.via && read.origin?.header == identity.origin?.header)
        }
    }

    @Test func `an identity of a removed listener is refused`() throws {
        var generator = SplitMix(seed: 18)
        var writer = FieldWriter()
        random(&generator).write(to: &writer)
        #expect(throws: FieldMistake.invalid(2)) { try Identity(try FieldReader(writer.bytes)) { _ in nil } }
    }
}
