// SPDX-License-Identifier: Apache-2.0

package import Addresses
import Glibc
import LinuxSystem

/// The datagrams that a listener's socket dropped: the data that all records about such losses share.
package struct DatagramLosses {
    let count: UInt64
    let address: RecordedAddress
    let listener: ListenerLabel
    let time: UInt64

    /// So many datagrams on this socket.
    package init(_ count: UInt64, on address: RecordedAddress, listener: ListenerLabel, time: UInt64 = Clock.realtime) {
        self.count = count
        self.address = address
        self.listener = listener
        self.time = time
    }

    fileprivate var datagrams: String { Quantity.text(count, "datagram") }

    fileprivate func record(
        _ message: String, event: EventKind = .lost, errno: CInt = 0, rule: StaticString? = nil
    ) -> DaemonRecord {
        var fields = [RecordField("datagrams", .integer(count))]
        if let rule { fields.append(RecordField("rule", .text(rule.description))) }
        return DaemonRecord(
            time: time, event, message, listener: listener, local: address, errno: errno, fields: fields)
    }
}

extension DaemonRecord {
    /// Datagrams of new sources were refused: by a limit, or because no upstream was available.
    ///
    /// - Parameter refusal: the reason of the last one.
    package static func flowsRefused(_ losses: DatagramLosses, for refusal: Refusal?) -> DaemonRecord {
        losses.record(
            "refused \(losses.datagrams) from sources without a flow: \(refusal?.reason ?? "no room")."
                + " Flows end after idle-timeout", event: .refused, rule: refusal?.rule)
    }

    /// Datagrams were longer than the limit.
    package static func datagramsTooLong(_ losses: DatagramLosses, longest: Int) -> DaemonRecord {
        losses.record("dropped \(losses.datagrams): message too long, the limit is \(longest) bytes")
    }

    /// The kernel dropped datagrams before they were read (SO_RXQ_OVFL).
    package static func receiveBufferFull(_ losses: DatagramLosses) -> DaemonRecord {
        losses.record(
            "the kernel dropped \(losses.datagrams): receive buffer full; its size is `net.core.rmem_default`")
    }

    /// Replies could not be sent.
    ///
    /// - Parameters:
    ///   - number: the errno of the last datagram.
    ///   - kind: the kind of the socket that sent them.
    package static func repliesUnsent(_ losses: DatagramLosses, errno number: CInt, over kind: SocketKind)
        -> DaemonRecord
    {
        losses.record("could not send \(losses.datagrams); last error: \(reason(number, over: kind))", errno: number)
    }

    /// Datagrams to a broadcast address were dropped, because the listener's options do not include `broadcast`.
    package static func broadcastsDropped(_ losses: DatagramLosses) -> DaemonRecord {
        losses.record(
            "dropped \(losses.datagrams) sent to a broadcast address: add `?broadcast=true` to the address of the listener"
                + " to receive them")
    }

    /// Datagrams were not answered, since a reply might reach a forged source or cause an endless exchange.
    package static func datagramsUnanswered(_ losses: DatagramLosses) -> DaemonRecord {
        losses.record(
            "did not answer \(losses.datagrams): the source may be forged (the port of a service that answers too, a"
                + " broadcast or multicast address, a socket of this daemon), or has no address")
    }

    /// Datagrams could not be relayed.
    ///
    /// - Parameters:
    ///   - number: the errno of the last datagram.
    ///   - kind: the kind of the upstream's socket.
    package static func datagramsUnrelayed(
        _ losses: DatagramLosses, errno number: CInt, over kind: SocketKind
    ) -> DaemonRecord {
        losses.record(
            "could not relay \(losses.datagrams) to an upstream; last error: \(reason(number, over: kind))",
            errno: number)
    }

    /// Datagrams were not processed before their flow ended.
    package static func datagramsOfEndedFlows(_ losses: DatagramLosses) -> DaemonRecord {
        losses.record(
            "dropped \(losses.datagrams) whose flow ended before they were processed; the flow's record has the reason")
    }

    /// The text of the error, with its meaning where the text says little.
    private static func reason(_ number: CInt, over kind: SocketKind) -> String {
        let reason = SystemError("send", errno: number).words
        return switch (kind, number) {
        case (.rds, EAGAIN), (.rds, ENOBUFS): "\(reason): the receiver reads too slowly"
        case (.rds, EMSGSIZE):
            "\(reason): longer than 1 MiB, or than the socket's send buffer (`net.core.wmem_max`)"
        case (.can, ENOBUFS):
            "\(reason): the queue of the interface is full (`ip link set NAME txqueuelen 1000`), or no other node"
                + " acknowledges"
        case (.can, EINVAL): "\(reason): not a CAN frame, or a CAN FD frame on a bus without CAN FD"
        default: reason
        }
    }
}
