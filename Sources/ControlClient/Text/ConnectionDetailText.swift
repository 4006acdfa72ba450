// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
package import ControlProtocol

/// A close look at a connection, for people: lines `name: value`, in groups. Pure.
package struct ConnectionDetailText {
    private let style: OutputStyle
    private let now: UInt64
    private var lines: [String] = []

    /// The lines, each with its line feed.
    ///
    /// - Parameter now: the time in microseconds since 1970.
    package static func text(_ result: ControlResults.Show, now: UInt64, _ style: OutputStyle) -> String {
        var text = Self(now: now, style: style)
        text.add(result.connection, result.detail)
        if let origin = result.detail.origin { text.add(origin) }
        text.add("client", result.connection.peer, result.detail.client)
        if let upstream = result.connection.upstream { text.add("upstream", upstream, result.detail.upstream) }
        if let relaying = result.detail.relaying { text.add(relaying, isConnected: result.detail.upstream != nil) }
        return text.lines.map { $0 + "\n" }.joined()
    }

    private init(now: UInt64, style: OutputStyle) {
        self.now = now
        self.style = style
    }

    // MARK: - Groups

    private mutating func add(_ connection: ConnectionStatus, _ detail: ConnectionDetail) {
        begin("connection", String(connection.number))
        add("listener", connection.listener)
        add("service", connection.service)
        add("lane", String(connection.lane))
        add("accepted", "\(duration(connection.durationMicroseconds)) ago")
        add("idle", duration(connection.idleMicroseconds))
        add("received", Amount.bytes(connection.bytesIn))
        add("sent", Amount.bytes(connection.bytesOut))
        if let datagrams = connection.datagrams {
            add(
                "datagrams",
                "\(Amount.count(datagrams.received)) received, \(Amount.count(datagrams.sent)) sent, "
                    + "\(Amount.count(datagrams.dropped)) dropped")
        }
        if let half = half(detail) { add("half-closed", half, .unusual) }
        for deadline in detail.deadlines { add(deadline.name, "in \(duration(deadline.leftMicroseconds))") }
        if let uid = connection.uid, let gid = connection.gid, let pid = connection.pid {
            add("process", "pid \(pid), uid \(uid), gid \(gid)")
        }
    }

    /// Which side has sent EOF and how long ago; nil for none.
    private func half(_ detail: ConnectionDetail) -> String? {
        let side: String
        switch (detail.client?.hasEnded, detail.upstream?.hasEnded) {
        case (true, false): side = "client"
        case (false, true): side = "upstream"
        default: return nil
        }
        return "EOF from the \(side)" + (detail.halfClosed.map { ", \(duration(now.since($0))) ago" } ?? "")
    }

    private mutating func add(_ origin: OriginStatus) {
        begin("PROXY header from", origin.via)
        add("version", "\(origin.version)\(origin.isLocal ? ", for the proxy itself" : "")")
        if let destination = origin.destination { add("destination", destination) }
        if let authority = origin.authority { add("authority", authority) }
        if let uniqueID = origin.uniqueID { add("unique ID", uniqueID) }
        if let hops = origin.hops { add("hops", String(hops)) }
    }

    private mutating func add(_ name: String, _ address: String, _ side: SideStatus?) {
        begin(name, address)
        guard let side else { return }
        if let local = side.local { add("local", local) }
        if let transfer = side.transfer { add("transfer", transfer.rawValue) }
        add("held", Amount.bytes(UInt64(clamping: side.held)))
        if side.piped > 0 { add("in a pipe", Amount.bytes(UInt64(clamping: side.piped))) }
        if let queue = side.receiveQueue { add("unread", Amount.bytes(UInt64(clamping: queue))) }
        if let tcp = side.tcp {
            add(tcp, side.sendQueue)
        } else if let queue = side.sendQueue {
            add("send queue", Amount.bytes(UInt64(clamping: queue)))
        }
    }

    private mutating func add(_ tcp: TCPStatus, _ sendQueue: Int?) {
        if let received = tcp.receivedMicroseconds { add("last received", "\(duration(received)) ago") }
        if let sent = tcp.sentMicroseconds { add("last sent", "\(duration(sent)) ago") }
        if let queue = sendQueue {
            let unsent = tcp.unsent > 0 ? ", of which \(Amount.bytes(UInt64(tcp.unsent))) are not sent" : ""
            add("unacked", Amount.bytes(UInt64(clamping: queue)) + unsent)
        }
        if let state = tcp.state {
            add("TCP state", state.rawValue.replacing("_", with: "-"), state == .established ? nil : .unusual)
        }
        add(
            "rtt",
            "\(duration(UInt64(tcp.rttMicroseconds))), variation \(duration(UInt64(tcp.variationMicroseconds))), "
                + "timeout \(duration(UInt64(tcp.timeoutMicroseconds)))")
        add(
            "retransmits",
            Amount.text(tcp.retransmits, "segment")
                + (tcp.timeouts > 0 ? ", \(Amount.text(tcp.timeouts, "timeout")) without an answer" : ""),
            tcp.timeouts > 0 ? .bad : nil)
        add("congestion", "\(tcp.congestion.map { "\($0), " } ?? "")window \(window(tcp))")
        add("delivery rate", tcp.deliveryRate > 0 ? "\(Amount.bytes(tcp.deliveryRate))/s" : "not measured")
        add("pacing rate", tcp.pacingRate.map { "\(Amount.bytes($0))/s" } ?? "no limit")
    }

    private func window(_ tcp: TCPStatus) -> String {
        "\(tcp.window) segments of \(tcp.mss) bytes"
            + (tcp.unacknowledged > 0 ? ", \(tcp.unacknowledged) unacked" : "")
    }

    private mutating func add(_ relaying: RelayingStatus, isConnected: Bool) {
        if !isConnected { begin("upstream", "not connected") }
        if isConnected { add("connect time", duration(relaying.connectMicroseconds)) }
        if relaying.queueMicroseconds > 0 { add("queued", duration(relaying.queueMicroseconds)) }
        add("attempts", String(relaying.attempts))
        for failure in relaying.failures { add("failure", failure, .bad) }
    }

    // MARK: - Lines

    private mutating func begin(_ name: String, _ value: String) {
        if !lines.isEmpty { lines.append("") }
        let words = ["\(name):"] + Self.words(value)
        lines += TextTable.wrapped("", words, width: style.columns, indentation: 2).map { style.tinted($0, .title) }
    }

    private mutating func add(_ name: String, _ value: String, _ tint: OutputStyle.Tint? = nil) {
        let width = 22
        let start = "  \(TerminalText.safe(name)):"
        let padding = String(repeating: " ", count: max(1, width - start.unicodeScalars.count))
        lines += TextTable.wrapped(start + padding, Self.words(value), width: style.columns, indentation: width)
            .map { style.tinted($0, tint) }
    }

    private static func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }

    private func duration(_ microseconds: UInt64) -> String { Amount.duration(microseconds: microseconds) }
}
