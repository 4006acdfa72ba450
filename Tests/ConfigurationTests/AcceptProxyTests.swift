// SPDX-License-Identifier: Apache-2.0

import Addresses
import Policy
import Testing

@testable import Configuration

@Suite struct AcceptProxyTests {
    private static let ten = IPNetwork(around: IPv4Address(10 << 24), prefixLength: 8)
    private static let documentation = IPNetwork(
        around: IPv6Address(high: 0x2001_0db8 << 32, low: 0), prefixLength: 32)
    private static let loopback = IPNetwork(around: .loopback as IPv4Address, prefixLength: 32)

    @Test(arguments: [
        ("\"tcp://*:1\"", "\"10.0.0.0/8\"", [ProxySource.network(ten)]),
        (
            "\"tcp://*:1\"", "[\"10.0.0.0/8\", \"2001:db8::/32\", \"127.0.0.1\"]",
            [.network(ten), .network(documentation), .network(loopback)]
        ),
        ("\"unix:///run/a\"", "\"unix\"", [.unix]), ("\"unix://@a\"", "[\"unix\"]", [.unix]),
        ("[\"unix:///run/a\", \"tcp://*:1\"]", "[\"unix\", \"127.0.0.1\"]", [.unix, .network(loopback)]),
        ("[\"vsock://any:1\", \"tcp://*:1\"]", "\"127.0.0.1\"", [.network(loopback)]),
        ("\"systemd://a\"", "[\"unix\", \"127.0.0.1\"]", [.unix, .network(loopback)]),
        ("[\"systemd://a\", \"vsock://any:1\"]", "[\"unix\", \"127.0.0.1\"]", [.unix, .network(loopback)]),
    ])
    func everyServiceTakesIt(listen: String, text: String, sources: [ProxySource]) throws {
        for service in ["service = \"echo\"", "service = \"forward\"\nto = \"tcp://10.0.0.5:80\""] {
            let (configuration, problems) = Configuration.parse(
                "[listener.x]\nlisten = \(listen)\naccept-proxy = \(text)\n\(service)\n")
            #expect(problems.isEmpty, "\(problems)")
            let listener = try #require(configuration?.listeners.first)
            #expect(listener.plan.proxyTrust.sources == sources)
            for source in sources where source != .unix {
                #expect(text.contains("\"\(source)\""))
            }
        }
    }

    @Test func withoutItNobodyIsBelieved() throws {
        let (configuration, _) = Configuration.parse("[listener.x]\nlisten = \"tcp://*:1\"\nservice = \"echo\"\n")
        #expect(configuration?.listeners.first?.plan.proxyTrust.sources == [])
    }
}
