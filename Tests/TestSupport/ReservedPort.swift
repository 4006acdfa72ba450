// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A port of loopback that the kernel gives to nobody else, for a server that cannot be told to let the kernel choose;
/// and until one listens there, a port that refuses connections.
///
/// It is bound and does not listen, with SO_REUSEADDR: whoever sets that too may listen.
public final class ReservedPort: Sendable {
    /// Where.
    public let address: ServerAddress

    private let raw: CInt

    /// Reserves one.
    public init() throws {
        raw = try ServerAddress.loopback.makeSocket()
        do {
            address = try Server.bind(raw, to: .loopback)
        } catch {
            close(raw)
            throw error
        }
    }

    deinit { close(raw) }
}
