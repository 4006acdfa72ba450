// SPDX-License-Identifier: Apache-2.0

import Addresses
import CLinux
import Glibc

/// CAN sockets: an interface may disappear and come back while the socket stays open.
extension ListeningSocket {
    /// Makes a CAN socket receive the frames that pass the filters, CAN FD frames among them, and all error frames.
    static func prepareBus(_ raw: CInt, _ filters: [CANFilter]) throws(SystemError) {
        try prepareFrames(raw, filters)
        _ = try systemCall("setsockopt") { clinux_can_errors(raw) }
    }

    /// Makes a CAN socket receive the frames that pass the filters, CAN FD frames among them.
    static func prepareFrames(_ raw: CInt, _ filters: [CANFilter]) throws(SystemError) {
        try setFilters(filters, of: raw)
        // A kernel without CAN FD refuses the option, and has no such frames.
        _ = try? systemCall("setsockopt") { clinux_can_flexible(raw) }
    }

    private static func setFilters(_ filters: [CANFilter], of raw: CInt) throws(SystemError) {
        let wanted = CANFilter.kernel(filters)
        let count = CInt(clamping: wanted.count)
        // unsafe: an array of `count` filters, which lives for the call.
        _ = try systemCall("setsockopt") { unsafe clinux_can_filter(raw, wanted, count) }
    }

    /// Binds; leaves a CAN socket unbound if no interface has the name yet.
    ///
    /// - Returns: whether the socket is bound.
    static func bindOrWait(_ raw: CInt, to address: SocketAddress) throws(SystemError) -> Bool {
        do throws(SystemError) {
            try bind(raw, to: address)
            return true
        } catch {
            // An interface of that name that is not a CAN interface is an error: waiting would not help.
            guard error.errno == ENODEV, case .can(let interface, _) = address, interface.index == nil else {
                throw error
            }
            return false
        }
    }

    /// The index of the CAN interface that the socket is bound to; 0 if it is bound to none or to all.
    package var interfaceIndex: UInt32 {
        get throws(SystemError) {
            var storage = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let raw = raw
            // unsafe: sockaddr_storage begins as every address does, and `length` is its size.
            _ = try systemCall("getsockname") {
                unsafe withUnsafeMutablePointer(to: &storage) { pointer in
                    unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        unsafe getsockname(raw, $0, &length)
                    }
                }
            }
            // unsafe: the pointer lives for the call only.
            return unsafe withUnsafePointer(to: storage) { unsafe clinux_can_interface($0) }
        }
    }

    /// Binds a CAN socket to the interface that has its name now.
    ///
    /// When the former interface was removed, the kernel unbound the socket and dropped its filters.
    ///
    /// - Throws: `ENODEV` if no interface has the name, or it is not a CAN interface.
    package func bindToInterface() throws(SystemError) {
        try Self.setFilters(filters, of: raw)
        try Self.bind(raw, to: address)
    }

    /// Reads and clears the pending error of the socket: `SO_ERROR` of socket(7); 0 for none.
    package func takeError() throws(SystemError) -> CInt {
        CInt(truncatingIfNeeded: try SocketOption.error.value(of: raw))
    }
}
