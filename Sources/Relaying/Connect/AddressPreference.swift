// SPDX-License-Identifier: Apache-2.0

package import Addresses

/// Which of a name's addresses new datagram flows try first, learned from earlier flows. Pure.
///
/// connect(2) on a datagram socket succeeds whether or not anything receives there. Only an answer or an ICMP error shows
/// whether an address is served.
package struct AddressPreference: Equatable, Sendable {
    /// The address to try first; nil for the resolver's order.
    private var first: SocketAddress?

    /// Whether every address was silent the last time, as with upstreams that only receive.
    private var isOneWay = false

    /// Whether a flow moves to the next address when one does not answer.
    package var movesOnWhenSilent: Bool { !isOneWay }

    /// Returns the addresses in the order in which to try them.
    package func order(_ addresses: [SocketAddress]) -> [SocketAddress] {
        guard let first, addresses.count > 1, let index = addresses.firstIndex(of: first), index > 0 else {
            return addresses
        }
        var ordered = addresses
        ordered.insert(ordered.remove(at: index), at: 0)
        return ordered
    }

    /// Records that an address answered. New flows try it first.
    package mutating func answered(_ address: SocketAddress) {
        first = address
        isOneWay = false
    }

    /// Records that an address refused. New flows begin with the address behind it.
    package mutating func refused(_ address: SocketAddress, among addresses: [SocketAddress]) {
        guard addresses.count > 1, first == nil || first == address, let index = addresses.firstIndex(of: address)
        else {
            return
        }
        first = addresses[(index + 1) % addresses.count]
    }

    /// Records that no address answered or refused.
    package mutating func allSilent() { isOneWay = true }

    /// Makes one with these values.
    package init(first: SocketAddress? = nil) {
        self.first = first
    }
}
