// SPDX-License-Identifier: Apache-2.0

package import Addresses
import CLinux
import Glibc

/// Collects datagrams for one socket and sends them all with one call: sendmmsg(2).
///
/// Consecutive datagrams of one length to one receiver are joined, and the kernel splits them (UDP_SEGMENT of udp(7)). If the
/// kernel refuses that, they are sent one by one.
///
/// Concurrency: belongs to one lane.
///
/// Safety: an entry points into a ``DatagramBatch`` that its caller promises not to refill before ``flush(to:_:)``, or into the
/// memory that is allocated in init and freed in deinit.
@safe package final class DatagramOutbox {
    /// The most entries.
    package static let capacity = Int(CLINUX_DATAGRAMS)

    /// The size in bytes of the memory for copied datagrams. No datagram may be longer.
    package let room: Int

    /// How many entries are queued.
    package private(set) var count = 0

    private let entries: UnsafeMutablePointer<clinux_datagram>
    private let memory: UnsafeMutableRawPointer
    private var used = 0
    private var joining: DatagramJoining

    /// Whether the protocol accepts several messages in one sendmmsg(2); RDS does not.
    private var canBatch = true

    /// Makes an empty outbox.
    ///
    /// - Parameter kind: the kind of the socket; the kernel splits joined datagrams of UDP alone.
    package init(_ kind: SocketKind = .udp) {
        joining = DatagramJoining(kind)
        room = 2 * DatagramBatch.longest(of: kind)
        // The kernel allocates each page when bytes first touch it, as in a batch.
        guard let memory = unsafe calloc(1, room) else { preconditionFailure("out of memory") }
        unsafe self.memory = memory
        unsafe entries = .allocate(capacity: Self.capacity)
        unsafe entries.initialize(repeating: clinux_datagram(), count: Self.capacity)
    }

    deinit {
        // unsafe: both were allocated in init and are private to this object.
        unsafe free(memory)
        unsafe entries.deallocate()
    }

    /// Whether a datagram of this length fits.
    package func hasRoom(for length: Int) -> Bool { count < Self.capacity && used + length <= room }

    /// Queues a received datagram to be sent back to its sender, from its destination address if that is one of this host.
    package func append(returning index: Int, of batch: DatagramBatch) {
        precondition(count < Self.capacity && index < batch.count)
        // unsafe: both indices are below the capacity; the batch is not refilled before flush, see above.
        unsafe entries[count] = batch.datagrams[index]
        unsafe entries[count].length = min(entries[count].length, entries[count].room)
        // No datagram can be sent from a multicast address. For IPv4, ipi_spec_dst (ip(7)) is already an address of this host.
        if batch.local(index)?.answer.isMulticast == true { unsafe entries[count].local_family = 0 }
        count += 1
    }

    /// Queues bytes, which are copied.
    ///
    /// - Parameters:
    ///   - segment: the length of each joined datagram but the last; 0 if the bytes are one datagram.
    ///   - peer: the receiver; nil if the socket is connected.
    ///   - local: the address to send from; nil lets the kernel choose.
    ///   - isNext: whether the receiver is that of the entry before, so that both may be joined.
    /// - Returns: whether the bytes were joined to the entry before.
    @discardableResult
    package func append(
        _ bytes: RawSpan, segment: Int = 0, to peer: SocketAddress?, from local: SocketAddress? = nil,
        isNext: Bool = false
    ) -> Bool {
        let length = bytes.byteCount
        precondition(hasRoom(for: length))
        if isNext, segment == 0, join(bytes) { return true }
        // unsafe: `used + length` is within the memory, and the span is borrowed for the call.
        let place = unsafe memory + used
        unsafe bytes.withUnsafeBytes { source in
            if let start = source.baseAddress { unsafe place.copyMemory(from: start, byteCount: length) }
        }
        used += length
        var entry = unsafe clinux_datagram()
        unsafe entry.bytes = place
        unsafe entry.length = UInt32(length)
        unsafe entry.segment = UInt16(clamping: segment)
        if let peer { unsafe Self.set(peer, of: &entry) }
        if let local { unsafe Self.set(local: local, of: &entry) }
        unsafe entries[count] = entry
        count += 1
        return false
    }

    /// Queues a CAN frame, or several joined frames of one length, for a CAN interface; the bytes are copied.
    package func append(frame bytes: RawSpan, segment: Int, over interface: UInt32) {
        append(bytes, segment: segment, to: nil)
        // unsafe: the entry that `append` has just made.
        unsafe clinux_can_address(
            &entries[count - 1].address, &entries[count - 1].address_length, interface)
    }

    /// Joins a datagram to the last entry if it is not longer than that entry's segments.
    private func join(_ bytes: RawSpan) -> Bool {
        let length = bytes.byteCount
        guard joining.isAllowed, count > 0, length > 0 else { return false }
        // unsafe: the last entry; `isNext` is passed only for copied entries, so its bytes are the last in the memory.
        let last = unsafe entries + (count - 1)
        let total = Int(unsafe last.pointee.length)
        let segment = unsafe last.pointee.segment == 0 ? total : Int(last.pointee.segment)
        let end = unsafe last.pointee.bytes + total
        guard length <= segment, total % segment == 0, total / segment < DatagramJoining.mostSegments,
            total + length <= DatagramJoining.longestPayload, unsafe end == memory + used
        else { return false }
        // unsafe: the caller has checked ``hasRoom(for:)``.
        unsafe bytes.withUnsafeBytes { source in
            if let start = source.baseAddress { unsafe end.copyMemory(from: start, byteCount: length) }
        }
        used += length
        unsafe last.pointee.length += UInt32(length)
        unsafe last.pointee.segment = UInt16(clamping: segment)
        return true
    }

    /// Sends all entries and empties the outbox. Datagrams that the kernel refuses are dropped; the caller counts them.
    ///
    /// - Parameter sent: called for each entry in order, with how many of its datagrams and bytes were sent, and the error of the
    ///   last that was not; `EAGAIN` if the socket's buffer was full.
    package func flush(to raw: CInt, _ sent: (_ index: Int, _ result: DatagramResult) -> Void) {
        var start = 0
        while start < count {
            if !joining.isAllowed, isSegmented(start) {
                sent(start, sendApart(start, to: raw))
                start += 1
                continue
            }
            let (first, most) = unsafe (entries + start, CInt(run(from: start)))
            let went: Int
            do throws(SystemError) {
                // unsafe: so many entries follow.
                went = Int(
                    try systemCallIfReady("sendmmsg") { unsafe clinux_send_datagrams(raw, first, most) } ?? 0)
                for index in start..<start + went {
                    if isSegmented(index) { joining.went() }
                    sent(index, result(of: index))
                }
                start += went
                if went == 0 {
                    sent(start, failure(of: start, EAGAIN))
                    start += 1
                }
            } catch {
                if error.errno == EOPNOTSUPP, most > 1 {
                    // RDS refuses MSG_BATCH, the flag with which sendmmsg(2) announces further messages.
                    canBatch = false
                    continue
                } else if isSegmented(start), joining.refused(error.errno) {
                    sent(start, sendApart(start, to: raw))
                } else {
                    sent(start, failure(of: start, error.errno))
                }
                start += 1
            }
        }
        count = 0
        used = 0
    }

    private func isSegmented(_ index: Int) -> Bool {
        // unsafe: callers stay below the count.
        unsafe entries[index].segment > 0
    }

    /// How many entries may go in one call.
    private func run(from start: Int) -> Int {
        guard canBatch else { return 1 }
        let end = joining.isAllowed ? count : (start..<count).first { isSegmented($0) } ?? count
        return end - start
    }

    /// Sends the datagrams of an entry one by one.
    private func sendApart(_ index: Int, to raw: CInt) -> DatagramResult {
        var result = DatagramResult()
        // unsafe: below the count.
        let whole = unsafe entries[index]
        let (total, segment) = unsafe (Int(whole.length), Int(whole.segment))
        var offset = 0
        while offset < total {
            var one = unsafe whole
            // unsafe: within the bytes of the entry.
            unsafe one.bytes = whole.bytes + offset
            unsafe one.length = UInt32(min(segment, total - offset))
            unsafe one.segment = 0
            let length = Int(unsafe one.length)
            do throws(SystemError) {
                // unsafe: a local.
                if try systemCallIfReady("sendmmsg", { unsafe clinux_send_datagrams(raw, &one, 1) }) == nil {
                    throw SystemError("sendmmsg", errno: EAGAIN)
                }
                result.datagrams += 1
                result.bytes += length
            } catch {
                result.lost += 1
                result.errno = error.errno
            }
            offset += length
        }
        return result
    }

    private func result(of index: Int) -> DatagramResult {
        DatagramResult(datagrams: datagrams(index), bytes: Int(unsafe entries[index].length))
    }

    private func failure(of index: Int, _ errno: CInt) -> DatagramResult {
        DatagramResult(lost: datagrams(index), errno: errno)
    }

    private func datagrams(_ index: Int) -> Int {
        // unsafe: callers stay below the count.
        let (length, segment) = unsafe (Int(entries[index].length), Int(entries[index].segment))
        return segment == 0 ? 1 : (length + segment - 1) / segment
    }

    private static func set(_ peer: SocketAddress, of entry: inout clinux_datagram) {
        // unsafe: an address of the kernel fits into sockaddr_storage.
        unsafe peer.withKernelAddress { pointer, length in
            unsafe withUnsafeMutableBytes(of: &entry.address) {
                unsafe $0.copyMemory(from: UnsafeRawBufferPointer(start: pointer, count: Int(length)))
            }
            unsafe entry.address_length = length
        }
    }

    private static func set(local: SocketAddress, of entry: inout clinux_datagram) {
        switch local {
        case .ipv4(let address, _):
            unsafe entry.local_family = UInt8(AF_INET)
            // unsafe: sixteen bytes, of which four are written.
            unsafe withUnsafeMutableBytes(of: &entry.local) {
                unsafe $0.storeBytes(of: address.value.bigEndian, as: UInt32.self)
            }
        case .ipv6(let address, _, let scope):
            unsafe entry.local_family = UInt8(AF_INET6)
            unsafe entry.interface = scope
            // unsafe: sixteen bytes.
            unsafe withUnsafeMutableBytes(of: &entry.local) {
                unsafe $0.storeBytes(of: address.high.bigEndian, toByteOffset: 0, as: UInt64.self)
                unsafe $0.storeBytes(of: address.low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
        case .unix, .abstract, .unnamed, .vsock, .can:
            break
        }
    }
}
