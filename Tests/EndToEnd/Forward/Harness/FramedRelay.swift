// SPDX-License-Identifier: Apache-2.0

/// The listener `front`, which relays between a stream and datagrams.
///
/// - Parameters:
///   - upstreams: addresses, or tables with an address and more.
///   - more: further lines of the listener.
func framedRelay(_ upstreams: [String], _ framing: String, _ more: String, listen: String) -> String {
    """
    [listener.front]
    listen = "\(listen)"
    service = "forward"
    to = [\(upstreams.map { $0.hasPrefix("{") ? $0 : "\"\($0)\"" }.joined(separator: ", "))]
    framing = "\(framing)"
    \(more)
    """
}
