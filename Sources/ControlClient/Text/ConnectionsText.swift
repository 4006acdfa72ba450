// SPDX-License-Identifier: Apache-2.0

package import ControlProtocol

/// A list of connections for people. Pure.
package enum ConnectionsText {
    /// The table and a line with the number of connections, each line with its line feed.
    ///
    /// - Parameter change: what was counted in an interval: the bytes are rates then.
    package static func text(
        _ list: ControlResults.Connections, change: ConnectionsChange? = nil, _ style: OutputStyle
    ) -> String {
        guard !list.connections.isEmpty else {
            return list.count == 0 ? "no connections\n" : "0 of \(Amount.text(list.count, "connection"))\n"
        }
        let isRelayed = list.connections.contains { $0.upstream != nil }
        let isTimed = list.connections.contains { $0.rttMicroseconds != nil }
        let suffix = change == nil ? "" : "/S"
        var table = TextTable(
            [.number("NUMBER"), .name("LISTENER", least: 6), .name("PEER", least: 12)]
                + (isRelayed ? [.name("UPSTREAM", least: 10)] : [])
                + [.number("AGE"), .number("IDLE"), .number("IN\(suffix)"), .number("OUT\(suffix)")]
                + (isTimed ? [.number("RTT")] : []))
        for connection in list.connections {
            var cells = [String(connection.number), connection.listener, peer(of: connection)]
            if isRelayed { cells.append(connection.upstream.map(short) ?? "-") }
            cells += [
                Amount.duration(microseconds: connection.durationMicroseconds),
                Amount.duration(microseconds: connection.idleMicroseconds),
            ]
            cells += bytes(of: connection, change)
            if isTimed {
                cells.append(connection.rttMicroseconds.map { Amount.duration(microseconds: UInt64($0)) } ?? "-")
            }
            table.add(cells.map { TextTable.Cell($0) })
        }
        let shown = list.connections.count
        let count = Amount.text(list.count, "connection")
        let lines = table.lines(style) + [shown < list.count ? "\(shown) of \(count)" : count]
        return lines.map { $0 + "\n" }.joined()
    }

    /// The bytes in and out, or their rates.
    private static func bytes(of connection: ConnectionStatus, _ change: ConnectionsChange?) -> [String] {
        guard let change else { return [Amount.bytes(connection.bytesIn), Amount.bytes(connection.bytesOut)] }
        guard let rate = change.rate(of: connection) else { return ["-", "-"] }
        return [Amount.bytes(rate.bytesIn), Amount.bytes(rate.bytesOut)]
    }

    /// The client: its address, or its process where a Unix socket has no address.
    static func peer(of connection: ConnectionStatus) -> String {
        let address = short(connection.peer)
        guard address.isEmpty else { return address }
        guard let pid = connection.pid, let uid = connection.uid else { return "unix" }
        return "pid \(pid) uid \(uid)"
    }

    /// An address without its scheme, which follows from the listener.
    static func short(_ address: String) -> String {
        guard let range = address.firstRange(of: "://") else { return address }
        return String(address[range.upperBound...])
    }
}
