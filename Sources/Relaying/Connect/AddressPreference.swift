// SPDX-License-Identifier: Apache-2.0

package import Addresses

/// Which of the addresses of a name datagrams go to first, by what earlier flows have met. Pure.
///
/// A datagram socket connects at once whether or not anybody is there, so only an answer or a refusal shows which address is
/// served.
package struct AddressPreference: Equatable, Sendable {
    /// The address that goes first; nil for the resolver's order.
    private var first: SocketAddress?

    /// Whether all addresses were silent, as they are where nothing is ever answered.
    private var isOneWay = false

    /// Whether a silent address is to be left for another one.
    package var leavesSilent: Bool { !isOneWay }

    /// Addresses in the order in which to try them.
    package func order(_ addresses: [SocketAddress]) -> [SocketAddress] {
        guard let first, addresses.count > 1, let index = addresses.firstIndex(of: first), index > 0 else {
            return addresses
        }
        var ordered = addresses
        ordered.insert(ordered.remove(at: index), at: 0)
        return ordered
    }

    /// An address has answered.
    package mutating func answered(_ address: SocketAddress) {
        first = address
        isOneWay = false
    }

    /// An address has refused: the flows to come begin with the one behind it.
    package mutating func refused(_ address: SocketAddress, among addresses: [SocketAddress]) {
        guard addresses.count > 1, first == nil || first == address, let index = addresses.firstIndex(of: address)
        else {
            return
        }
        first = addresses[(index + 1) % addresses.count]
    }

    /// No address has answered or refused.
    package mutating func allSilent() { isOneWay = true }

    /// Makes one with these values.
    package init(first: SocketAddress? = nil) {
        self.first = first
    }
}
