// SPDX-License-Identifier: Apache-2.0

package import Addresses
import CLinux
import Glibc

/// The datagrams that one call has brought: recvmmsg(2). What is in it is valid until the next call.
///
/// Where several came from one source in a row, of the same length, the kernel may bring them as one (UDP_GRO of udp(7)):
/// then ``segment(_:)`` is the length of each but the last.
///
/// Concurrency: belongs to one lane.
///
/// Safety: the memory is made in init and freed in deinit; from outside it is seen only as a span within a call. An index
/// is looked at before it is used.
@safe public final class DatagramBatch {
    /// The most datagrams, joined ones counted as one, that one call brings.
    package static let capacity = Int(CLINUX_DATAGRAMS)

    /// The longest datagram that is taken whole. No protocol of IP has longer ones; a Unix datagram may be longer.
    package static let longest = 65536

    /// The longest message of RDS, `RDS_MAX_MSG_SIZE` of the kernel. For these the memory is cut in fewer parts.
    package static let longestMessage = 1 << 20

    /// The longest datagram that a socket of a kind brings whole.
    package static func longest(of kind: SocketKind) -> Int { kind == .rds ? longestMessage : longest }

    /// How many the last call has brought.
    package private(set) var count = 0

    /// How many bytes there are for each.
    private var room = DatagramBatch.longest

    // In pages that the kernel gives when a datagram reaches them (malloc(3), mmap(2)).
    private let memory: UnsafeMutableRawPointer
    let datagrams: UnsafeMutablePointer<clinux_datagram>

    /// A batch with nothing in it.
    package init() {
        guard let memory = unsafe calloc(Self.capacity, Self.longest) else { preconditionFailure("out of memory") }
        unsafe self.memory = memory
        unsafe datagrams = .allocate(capacity: Self.capacity)
        unsafe datagrams.initialize(repeating: clinux_datagram(), count: Self.capacity)
        cut(to: Self.longest)
    }

    /// Gives each datagram so many bytes of the memory, as far as it reaches.
    private func cut(to room: Int) {
        self.room = room
        for index in 0..<Self.capacity * Self.longest / room {
            // unsafe: within what init has allocated.
            unsafe datagrams[index].bytes = memory + index * room
            unsafe datagrams[index].room = UInt32(room)
        }
    }

    deinit {
        // unsafe: both were made in init, and given away nowhere.
        unsafe free(memory)
        unsafe datagrams.deallocate()
    }

    /// How many datagrams a call brings at most from a socket of a kind.
    package static func capacity(of kind: SocketKind) -> Int { capacity * longest / longest(of: kind) }

    /// Takes what a socket has, at most so many.
    ///
    /// - Parameter kind: what the socket is; that decides how long datagrams may be.
    /// - Returns: how many; 0 if there is nothing.
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

    /// Where it comes from; nil for an address of a family that is not one of ours.
    package func source(_ index: Int) -> SocketAddress? {
        precondition(index < count)
        // unsafe: below the count.
        let length = unsafe datagrams[index].address_length
        // A Unix socket that was never bound: the kernel writes nothing there, not even a family.
        if length == 0 { return .unnamed }
        // unsafe: as above.
        return unsafe SocketAddress(kernel: datagrams[index].address, length: datagrams[index].address_length)
    }

    /// The number of the CAN interface that it comes from.
    package func bus(_ index: Int) -> UInt32 {
        precondition(index < count)
        // unsafe: below the count; the call reads the address alone.
        return unsafe clinux_can_interface(&datagrams[index].address)
    }

    /// Whether all of it is here: it is not longer than ``longest(of:)``.
    package func isWhole(_ index: Int) -> Bool { length(index) <= room }

    /// How many bytes it has; more than there was room for if its end is lost.
    package func length(_ index: Int) -> Int {
        precondition(index < count)
        // unsafe: as above.
        return Int(unsafe datagrams[index].length)
    }

    /// The length of each datagram in it but the last; 0 if it is one.
    package func segment(_ index: Int) -> Int {
        precondition(index < count)
        // unsafe: as above.
        return Int(unsafe datagrams[index].segment)
    }

    /// How many datagrams it is.
    package func datagramCount(_ index: Int) -> Int {
        let segment = segment(index)
        return segment == 0 ? 1 : (length(index) + segment - 1) / segment
    }

    /// How many datagrams the socket has lost since it was made, for want of room; 0 if the kernel did not say.
    package func dropped(_ index: Int) -> UInt32 {
        precondition(index < count)
        // unsafe: as above.
        return unsafe datagrams[index].dropped
    }

    /// The address to answer from, and the one that the sender wrote to; nil where the socket does not ask for them.
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

    /// Calls `body` with the bytes of a datagram that came whole.
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
