// SPDX-License-Identifier: Apache-2.0

import Addresses
import CLinux
import Glibc

/// What is special about CAN: its interfaces come and go, and the socket stays.
extension ListeningSocket {
    /// Lets a CAN socket say everything: the frames that pass the filters, those of CAN FD, and all errors.
    static func prepareBus(_ raw: CInt, _ filters: [CANFilter]) throws(SystemError) {
        try prepareFrames(raw, filters)
        _ = try systemCall("setsockopt") { clinux_can_errors(raw) }
    }

    /// Lets a CAN socket take the frames that pass the filters, those of CAN FD too.
    static func prepareFrames(_ raw: CInt, _ filters: [CANFilter]) throws(SystemError) {
        try setFilters(filters, of: raw)
        // A kernel without CAN FD has no such frames.
        _ = try? systemCall("setsockopt") { clinux_can_flexible(raw) }
    }

    private static func setFilters(_ filters: [CANFilter], of raw: CInt) throws(SystemError) {
        // One that asks for nothing takes every frame.
        let wanted = filters.isEmpty ? [clinux_can_filter(id: 0, mask: 0)] : filters.map(\.kernel)
        let count = CInt(clamping: wanted.count)
        // unsafe: an array of so many filters, for the call.
        _ = try systemCall("setsockopt") { unsafe clinux_can_filter(raw, wanted, count) }
    }

    /// Binds, but leaves a CAN socket without an interface if there is none of the name.
    ///
    /// - Returns: whether it is bound.
    static func bindOrWait(_ raw: CInt, to address: SocketAddress) throws(SystemError) -> Bool {
        do throws(SystemError) {
            try bind(raw, to: address)
            return true
        } catch {
            // An interface that is there, and is no CAN bus, is a mistake, and none to wait for.
            guard error.errno == ENODEV, case .can(let interface, _) = address, interface.index == nil else {
                throw error
            }
            return false
        }
    }

    /// The number of the CAN interface that the socket is bound to now; 0 for none, and for all.
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

    /// Binds a CAN socket to the interface that has its name now. When the one before has gone, the kernel has let go of
    /// it, and of the filters.
    ///
    /// - Throws: `ENODEV` if there is none, or it is not of CAN.
    package func takeInterface() throws(SystemError) {
        try Self.setFilters(filters, of: raw)
        try Self.bind(raw, to: address)
    }

    /// Takes the error that the next call would return: `SO_ERROR` of socket(7); 0 for none.
    package func takeError() throws(SystemError) -> CInt {
        CInt(truncatingIfNeeded: try SocketOption.error.value(of: raw))
    }
}
