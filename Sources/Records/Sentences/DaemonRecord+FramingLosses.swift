// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// The datagrams that a framed relay of a listener dropped.
package struct FramedDatagramLosses {
    let count: UInt64
    let listener: ListenerLabel
    let time: UInt64

    /// So many datagrams of this listener.
    package init(_ count: UInt64, listener: ListenerLabel, time: UInt64 = Clock.realtime) {
        self.count = count
        self.listener = listener
        self.time = time
    }

    fileprivate func record(_ message: (String) -> String) -> DaemonRecord {
        DaemonRecord(
            time: time, .lost, message(Quantity.text(count, "datagram")), listener: listener,
            fields: [RecordField("datagrams", .integer(count))])
    }
}

extension DaemonRecord {
    /// Datagrams for a stream of lines contained a line feed before their end.
    package static func lineFeedInDatagrams(_ losses: FramedDatagramLosses) -> DaemonRecord {
        losses.record {
            "could not relay \($0): a line feed before the end would split the message; framing = \"length16\" carries"
                + " any bytes"
        }
    }

    /// Datagrams for a stream were longer than its framing allows.
    package static func messagesTooLong(
        _ losses: FramedDatagramLosses, longest: Int, framing: String
    ) -> DaemonRecord {
        losses.record {
            "could not relay \($0): message too long, the limit of framing = \"\(framing)\" is \(longest) bytes"
        }
    }

    /// Datagrams were dropped because the queue for a stream was full.
    package static func streamReadTooSlowly(_ losses: FramedDatagramLosses) -> DaemonRecord {
        losses.record { "could not relay \($0): the peer of the stream does not read fast enough" }
    }

    /// Messages of a stream for a CAN bus were not CAN frames.
    package static func messagesNotCANFrames(_ losses: FramedDatagramLosses) -> DaemonRecord {
        losses.record { "could not relay \($0): not a `struct can_frame` or `struct canfd_frame`" }
    }

    /// The kernel dropped datagrams of an upstream before they were read (SO_RXQ_OVFL).
    package static func upstreamReceiveBufferFull(_ losses: FramedDatagramLosses) -> DaemonRecord {
        losses.record {
            "the kernel dropped \($0) from an upstream: receive buffer full; its size is `net.core.rmem_default`"
        }
    }
}
