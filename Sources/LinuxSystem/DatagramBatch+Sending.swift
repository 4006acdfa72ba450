// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

extension DatagramBatch {
    /// The most segments that the kernel cuts out of one datagram: `UDP_MAX_SEGMENTS` of Linux before 6.2.
    private static let mostSegments = 64

    /// The most bytes of one datagram over IPv4.
    private static let longestPayload = 65_507

    /// Whether two datagrams are of one flow: same source, same address that they went to. The source of a CAN frame is in
    /// its first bytes.
    package func isSameFlow(_ first: Int, _ second: Int) -> Bool {
        precondition(first < count && second < count)
        // unsafe: both are below the count; an address has no bytes beyond its length.
        let (a, b) = unsafe (datagrams + first, datagrams + second)
        let length = unsafe a.pointee.address_length
        let family = unsafe a.pointee.local_family
        guard unsafe length == b.pointee.address_length, unsafe family == b.pointee.local_family else { return false }
        let sources = unsafe memcmp(&a.pointee.address, &b.pointee.address, Int(length))
        guard sources == 0 else { return false }
        if unsafe CInt(a.pointee.address.ss_family) == AF_CAN {
            return withBytes(first, CANIdentifier.init(frame:))?.source
                == withBytes(second, CANIdentifier.init(frame:))?.source
        }
        let addressLength = CInt(family) == AF_INET ? 4 : 16
        return unsafe family == 0 || memcmp(&a.pointee.destination, &b.pointee.destination, addressLength) == 0
    }

    /// Sends datagrams on through a connected socket. Those of one length in a row go as one, which the kernel cuts up again
    /// (UDP_SEGMENT of udp(7)); where it does not take that, they go one by one from then on.
    ///
    /// - Parameters:
    ///   - range: which of the last call's; each came whole.
    ///   - canSegment: whether the kernel takes segments of this kind of socket; becomes false when it does not.
    package func send(_ range: Range<Int>, to raw: CInt, canSegment: inout Bool) -> DatagramResult {
        precondition(range.upperBound <= count)
        var result = DatagramResult()
        var index = range.lowerBound
        while index < range.upperBound {
            let run = canSegment ? joinable(index..<range.upperBound) : 1
            let segment = self.segment(index)
            if run > 1 || (segment > 0 && canSegment) {
                switch sendJoined(index, run, segment: run > 1 ? length(index) : segment, to: raw, &result) {
                case 0: index += run
                case EINVAL, EIO, EOPNOTSUPP: canSegment = false
                // Longer than a packet of the path may be: nothing of it went.
                default:
                    result.lost += run > 1 ? run : datagramCount(index)
                    index += run
                }
            } else {
                sendApart(index, to: raw, &result)
                index += 1
            }
        }
        return result
    }

    /// How many datagrams at the beginning of a range may go as one.
    private func joinable(_ range: Range<Int>) -> Int {
        let first = range.lowerBound
        let length = length(first)
        guard segment(first) == 0, length > 0 else { return 1 }
        var (run, total) = (1, length)
        while first + run < range.upperBound, run < Self.mostSegments {
            let next = first + run
            let nextLength = self.length(next)
            guard segment(next) == 0, nextLength > 0, nextLength <= length, total + nextLength <= Self.longestPayload
            else { break }
            run += 1
            total += nextLength
            // Only the last one may be shorter.
            if nextLength < length { break }
        }
        return run
    }

    /// - Returns: an errno, or 0.
    private func sendJoined(
        _ index: Int, _ run: Int, segment: Int, to raw: CInt, _ result: inout DatagramResult
    ) -> CInt {
        do throws(SystemError) {
            let (first, count, length) = unsafe (datagrams + index, CInt(run), UInt16(clamping: segment))
            // unsafe: so many datagrams follow, as the caller has seen to.
            let sent = try systemCallIfReady("sendmsg") { unsafe clinux_send_joined(raw, first, count, length) }
            guard let sent else { throw SystemError("sendmsg", errno: EAGAIN) }
            result.bytes += sent
            result.datagrams += run > 1 ? run : datagramCount(index)
            return 0
        } catch {
            result.errno = error.errno
            return error.errno
        }
    }

    /// Sends a datagram by itself, or what was joined in it one by one.
    private func sendApart(_ index: Int, to raw: CInt, _ result: inout DatagramResult) {
        let total = length(index)
        let step = segment(index) == 0 ? max(total, 1) : segment(index)
        var offset = 0
        repeat {
            // unsafe: below the count.
            var one = unsafe datagrams[index]
            // unsafe: within the bytes of the datagram.
            unsafe one.bytes += offset
            unsafe one.length = UInt32(min(step, total - offset))
            do throws(SystemError) {
                // unsafe: a local.
                let sent = try systemCallIfReady("sendmsg") { unsafe clinux_send_joined(raw, &one, 1, 0) }
                guard let sent else { throw SystemError("sendmsg", errno: EAGAIN) }
                result.bytes += sent
                result.datagrams += 1
            } catch {
                result.lost += 1
                result.errno = error.errno
            }
            offset += step
        } while offset < total
    }
}
