// SPDX-License-Identifier: Apache-2.0

import Addresses
import Testing

@Suite struct SocketAddressClientTests {
    @Test(arguments: [
        ("192.0.2.7", "192.0.2.7:0"), ("2001:db8::7", "[2001:db8::7]:0"), ("[::1]", "[::1]:0"),
        ("fe80::1%eth0", "[fe80::1]:0"), ("[fe80::1%3]", "[fe80::1]:0"), ("::ffff:192.0.2.7", "192.0.2.7:0"),
    ])
    func `an IP address is a client with port 0`(text: String, address: String) {
        #expect(SocketAddress(client: text)?.description == address)
    }

    @Test(arguments: [
        "", "[", "[]", "%", "%eth0", "fe80::1%", "192.0.2.7:80", "192.0.2.0/24", "1.2.3", "localhost", "unix:///x",
        "@x",
        "::1\u{0}", "[192.0.2.7", "192.0.2.7%eth0",
    ])
    func `anything else is none`(text: String) {
        #expect(SocketAddress(client: text) == nil)
    }
}
