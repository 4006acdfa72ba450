// SPDX-License-Identifier: Apache-2.0

import Addresses
import CLinux
import Glibc

extension DatagramBatch {
    /// Whether two datagrams belong to one flow: same source, same destination address.
    ///
    /// The source of a CAN frame is its identifier, in the first bytes of the frame.
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

    /// Sends datagrams through a connected socket, joined where possible.
    ///
    /// Consecutive datagrams of one length go in one call, and the kernel splits them (UDP_SEGMENT of udp(7)). If the kernel
    /// refuses that, they are sent one by one.
    ///
    /// - Parameters:
    ///   - range: which datagrams of the last receive call; each must be whole.
    ///   - joining: whether this socket may still send joined datagrams; updated by the result.
    package func send(_ range: Range<Int>, to raw: CInt, joining: inout DatagramJoining) -> DatagramResult {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        var result = DatagramResult()
        var index = range.lowerBound
        while index < range.upperBound {
            let run = joining.isAllowed ? joinable(index..<range.upperBound) : 1
            if run > 1 || (segment(index) > 0 && joining.isAllowed) {
                sendJoined(index..<index + run, to: raw, &joining, &result)
            } else {
                sendApart(index, to: raw, &result)
            }
            index += run
        }
        return result
    }

    /// How many datagrams at the start of a range may be sent as one.
    private func joinable(_ range: Range<Int>) -> Int {
        let first = range.lowerBound
        let length = length(first)
        guard segment(first) == 0, length > 0 else { return 1 }
        var (run, total) = (1, length)
        while first + run < range.upperBound, run < DatagramJoining.mostSegments {
            let next = first + run
            let nextLength = self.length(next)
            guard segment(next) == 0, nextLength > 0, nextLength <= length,
                total + nextLength <= DatagramJoining.longestPayload
            else { break }
            run += 1
            total += nextLength
            // UDP_SEGMENT allows only the last segment to be shorter.
            if nextLength < length { break }
        }
        return run
    }

    /// Sends a run of datagrams, or one that arrived joined, in one call; one by one if the kernel refuses.
    private func sendJoined(
        _ run: Range<Int>, to raw: CInt, _ joining: inout DatagramJoining, _ result: inout DatagramResult
    ) {
        let first = run.lowerBound
        let datagramCount = run.count > 1 ? run.count : datagramCount(first)
        do throws(SystemError) {
            let segment = UInt16(clamping: run.count > 1 ? length(first) : segment(first))
            let (start, count) = unsafe (datagrams + first, CInt(run.count))
            // unsafe: `run` lies below the count, as `send` checks, so that many datagrams follow `start`.
            let sent = try systemCallIfReady("sendmsg") { unsafe clinux_send_joined(raw, start, count, segment) }
            guard let sent else { throw SystemError("sendmsg", errno: EAGAIN) }
            joining.went()
            result += DatagramResult(datagrams: datagramCount, bytes: sent)
        } catch {
            guard joining.refused(error.errno) else {
                result += DatagramResult(lost: datagramCount, errno: error.errno)
                return
            }
            for index in run { sendApart(index, to: raw, &result) }
        }
    }

    /// Sends a datagram by itself; one that arrived joined is split and sent piece by piece.
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
