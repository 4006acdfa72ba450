// SPDX-License-Identifier: Apache-2.0

package import Addresses
import CLinux
import Glibc

/// The datagrams that one recvmmsg(2) returned; valid until the next call.
///
/// The kernel may join consecutive datagrams of one length from one source (UDP_GRO of udp(7)); then ``segment(_:)`` is the
/// length of each but the last.
///
/// Concurrency: belongs to one lane.
///
/// Safety: the memory is allocated in init and freed in deinit; outside, it is visible only as a span within a call. Every index
/// is checked before it is used.
@safe public final class DatagramBatch {
    /// The most datagrams that one call returns; joined ones count as one.
    package static let capacity = Int(CLINUX_DATAGRAMS)

    /// The longest datagram that is received whole, in bytes. No IP datagram is longer; a Unix datagram may be.
    package static let longest = 65536

    /// The longest message of RDS in bytes: `RDS_MAX_MSG_SIZE` of the kernel. The memory then holds fewer messages.
    package static let longestMessage = 1 << 20

    /// The longest datagram that is received whole from a socket of this kind.
    package static func longest(of kind: SocketKind) -> Int { kind == .rds ? longestMessage : longest }

    /// How many datagrams the last call returned.
    package private(set) var count = 0

    /// The size of each datagram's buffer in bytes.
    private var room = DatagramBatch.longest

    // The kernel allocates each page when a datagram first touches it (malloc(3), mmap(2)).
    private let memory: UnsafeMutableRawPointer
    let datagrams: UnsafeMutablePointer<clinux_datagram>

    /// Makes an empty batch.
    package init() {
        guard let memory = unsafe calloc(Self.capacity, Self.longest) else { preconditionFailure("out of memory") }
        unsafe self.memory = memory
        unsafe datagrams = .allocate(capacity: Self.capacity)
        unsafe datagrams.initialize(repeating: clinux_datagram(), count: Self.capacity)
        cut(to: Self.longest)
    }

    /// Divides the memory into buffers of `room` bytes, as many as fit.
    private func cut(to room: Int) {
        self.room = room
        for index in 0..<Self.capacity * Self.longest / room {
            // unsafe: within what init has allocated.
            unsafe datagrams[index].bytes = memory + index * room
            unsafe datagrams[index].room = UInt32(room)
        }
    }

    deinit {
        // unsafe: both were allocated in init and are private to this object.
        unsafe free(memory)
        unsafe datagrams.deallocate()
    }

    /// The most datagrams that one call returns from a socket of this kind.
    package static func capacity(of kind: SocketKind) -> Int { capacity * longest / longest(of: kind) }

    /// Receives up to `most` datagrams.
    ///
    /// - Parameter kind: the kind of the socket; it decides how long a datagram may be.
    /// - Returns: how many datagrams were received; 0 if there were none.
    package func receive(
        from raw: CInt, atMost most: Int, kind: SocketKind = .udp
    ) throws(SystemError) -> Int {
        count = 0
        if room != Self.longest(of: kind) { cut(to: Self.longest(of: kind)) }
        let (room, most) = unsafe (datagrams, CInt(min(max(most, 1), Self.capacity(of: kind))))
        // unsafe: there is room for `capacity` datagrams.
        let received = try systemCallIfReady("recvmmsg") { unsafe clinux_receive_datagrams(raw, room, most) }
        count = Int(received ?? 0)
        return count
    }

    /// The sender's address; nil for an unsupported family.
    package func source(_ index: Int) -> SocketAddress? {
        precondition(index < count)
        // unsafe: below the count.
        let length = unsafe datagrams[index].address_length
        // A Unix socket without a name: the kernel writes no address, not even the family.
        if length == 0 { return .unnamed }
        // unsafe: as above.
        return unsafe SocketAddress(kernel: datagrams[index].address, length: datagrams[index].address_length)
    }

    /// The index of the CAN interface through which the frame came.
    package func bus(_ index: Int) -> UInt32 {
        precondition(index < count)
        // unsafe: below the count; the call reads the address alone.
        return unsafe clinux_can_interface(&datagrams[index].address)
    }

    /// Whether the datagram was received whole: it is not longer than ``longest(of:)``.
    package func isWhole(_ index: Int) -> Bool { length(index) <= room }

    /// The length of the datagram in bytes; more than the buffer holds if its end was cut off.
    package func length(_ index: Int) -> Int {
        precondition(index < count)
        // unsafe: as above.
        return Int(unsafe datagrams[index].length)
    }

    /// The length of each joined datagram but the last; 0 if nothing was joined.
    package func segment(_ index: Int) -> Int {
        precondition(index < count)
        // unsafe: as above.
        return Int(unsafe datagrams[index].segment)
    }

    /// How many datagrams were joined in this one; 1 if none were.
    package func datagramCount(_ index: Int) -> Int {
        let segment = segment(index)
        return segment == 0 ? 1 : (length(index) + segment - 1) / segment
    }

    /// How many datagrams the socket has dropped since it was made, for lack of buffer space; 0 if unknown (SO_RXQ_OVFL).
    package func dropped(_ index: Int) -> UInt32 {
        precondition(index < count)
        // unsafe: as above.
        return unsafe datagrams[index].dropped
    }

    /// The address to answer from and the destination address; nil if the socket does not ask for them (IP_PKTINFO).
    package func local(_ index: Int) -> (answer: SocketAddress, destination: SocketAddress)? {
        precondition(index < count)
        // unsafe: as above; each address has sixteen bytes.
        let datagram = unsafe datagrams + index
        switch CInt(unsafe datagram.pointee.local_family) {
        case AF_INET:
            return unsafe (
                .ipv4(Self.ipv4(datagram.pointee.local), port: 0),
                .ipv4(Self.ipv4(datagram.pointee.destination), port: 0)
            )
        case AF_INET6:
            let scope = unsafe datagram.pointee.interface
            return unsafe (
                Self.ipv6(datagram.pointee.local, scope), Self.ipv6(datagram.pointee.destination, scope)
            )
        default:
            return nil
        }
    }

    /// Calls `body` with the bytes of a datagram; of one that was cut off, those that fit.
    package func withBytes<Result, Failure>(
        _ index: Int, _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let length = min(length(index), room)
        // unsafe: each datagram has `room` bytes, of which the kernel wrote so many; the span cannot leave the call.
        return try unsafe body(
            RawSpan(_unsafeBytes: UnsafeRawBufferPointer(start: datagrams[index].bytes, count: length)))
    }

    private typealias Sixteen = (
        UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8
    )

    private static func ipv4(_ bytes: Sixteen) -> IPv4Address {
        IPv4Address(UInt32(bytes.0) << 24 | UInt32(bytes.1) << 16 | UInt32(bytes.2) << 8 | UInt32(bytes.3))
    }

    private static func ipv6(_ bytes: Sixteen, _ scope: UInt32) -> SocketAddress {
        // unsafe: sixteen bytes of plain data, and so are two words.
        let words = unsafe unsafeBitCast(bytes, to: (UInt64, UInt64).self)
        let address = IPv6Address(high: UInt64(bigEndian: words.0), low: UInt64(bigEndian: words.1))
        return SocketAddress.ipv6(address, port: 0, scope: address.isLinkLocal ? scope : 0).canonical
    }
}
