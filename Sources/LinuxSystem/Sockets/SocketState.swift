// SPDX-License-Identifier: Apache-2.0

package import Addresses
import CLinux

/// The kernel's view of a connected socket, for a person who asks. What the kernel does not tell is nil.
package struct SocketState: Hashable, Sendable {
    /// Bytes that wait to be read; of datagrams those of the next one: SIOCINQ of tcp(7) and unix(7).
    package var unread: Int?

    /// What the peer has not acknowledged, in bytes: SIOCOUTQ of tcp(7). For a Unix socket the memory of what the peer has
    /// not read.
    package var pending: Int?

    /// Of a TCP socket.
    package var tcp: TCPState?

    /// Asks for the state of a socket: up to four system calls.
    ///
    /// - Parameter raw: negative for a socket that is closed.
    package init(of raw: CInt, _ kind: SocketKind) {
        guard raw >= 0 else { return }
        unread = (try? systemCall("ioctl") { clinux_unread(raw) }).map(Int.init)
        pending = (try? systemCall("ioctl") { clinux_unsent(raw) }).map(Int.init)
        if kind == .tcp { tcp = try? TCPState(of: raw) }
    }
}

/// The state of a TCP connection: TCP_INFO of tcp(7).
package struct TCPState: Hashable, Sendable {
    /// The states of RFC 9293, section 3.3.2, with the numbers of the kernel.
    package enum Phase: UInt8, CaseIterable, Sendable {
        case established = 1
        case synSent, synReceived, finWait1, finWait2, timeWait, closed, closeWait, lastAcknowledgment, listening,
            closing
    }

    /// The state; nil for one that is not known here.
    package var phase: Phase?

    /// The name of the congestion control algorithm; empty if it is unknown.
    package var congestion = ""

    /// The smoothed round-trip time, its variation, and the retransmission timeout, in microseconds.
    package var roundTripTime: UInt32
    package var roundTripVariation: UInt32
    package var retransmissionTimeout: UInt32

    /// The maximum segment size for sending, in bytes.
    package var segmentSize: UInt32

    /// The congestion window, in segments.
    package var window: UInt32

    /// Segments that were sent and are not acknowledged.
    package var unacknowledged: UInt32

    /// Bytes that were written and are not sent.
    package var unsent: UInt32

    /// Segments that were sent again, in the life of the connection.
    package var retransmits: UInt32

    /// Retransmission timeouts since the last acknowledgment.
    package var timeouts: UInt8

    /// How fast the peer got what was sent last, in bytes per second; 0 if nothing was measured.
    package var deliveryRate: UInt64

    /// How fast the kernel sends at most, in bytes per second; nil for no limit.
    package var pacingRate: UInt64?

    /// The age of the last segment with data in milliseconds; nil if there was none.
    package var receivedAge: UInt32?
    package var sentAge: UInt32?

    /// Asks the kernel: getsockopt(2).
    package init(of raw: CInt) throws(SystemError) {
        let info = try Self.info(of: raw)
        phase = Phase(rawValue: info.state)
        roundTripTime = info.rtt
        roundTripVariation = info.rtt_variation
        retransmissionTimeout = info.rto
        segmentSize = info.mss
        window = info.window
        unacknowledged = info.unacknowledged
        unsent = info.unsent
        retransmits = info.retransmits
        timeouts = info.timeouts
        deliveryRate = info.delivery_rate
        pacingRate = info.pacing_rate == .max ? nil : info.pacing_rate
        receivedAge = info.data_received > 0 ? info.received_age : nil
        sentAge = info.data_sent > 0 ? info.sent_age : nil
        congestion = Self.congestion(of: raw) ?? ""
    }

    /// The smoothed round-trip time alone, in microseconds: one system call. Nil for a socket that is closed.
    package static func roundTripTime(of raw: CInt) -> UInt32? {
        raw >= 0 ? (try? info(of: raw))?.rtt : nil
    }

    private static func info(of raw: CInt) throws(SystemError) -> clinux_tcp_info {
        var info = clinux_tcp_info()
        // unsafe: a local of the type that the call fills.
        _ = try systemCall("getsockopt") { unsafe clinux_tcp_state(raw, &info) }
        return info
    }

    private static func congestion(of raw: CInt) -> String? {
        var name = [CChar](repeating: 0, count: Int(CLINUX_CONGESTION_NAME))
        // unsafe: the array has as many characters as the call writes at most.
        guard (try? systemCall("getsockopt", { unsafe clinux_tcp_congestion(raw, &name) })) != nil else { return nil }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
