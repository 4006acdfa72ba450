// SPDX-License-Identifier: Apache-2.0

package import ControlProtocol

/// Which connections of a list are first: what `--sort` takes.
package enum ListOrder: String, CaseIterable, Sendable {
    /// The oldest.
    case age
    /// Those that have moved the most bytes.
    case bytes
    /// Those on which no byte has moved for the longest time.
    case idle
    /// Those that move the most bytes per second. The daemon keeps no rates, so two lists are compared.
    case rate
    /// Those with the longest round-trip time.
    case rtt

    /// The order that the daemon is asked for; nil if it does not know it.
    package var ofDaemon: ConnectionOrder? { ConnectionOrder(rawValue: rawValue) }
}
