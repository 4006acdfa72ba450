// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// An epoll(7) instance and the buffer for its events.
///
/// Concurrency: belongs to one lane.
///
/// Safety: the pointer is allocated in init, freed in deinit, private, and indexed below `capacity` only.
@safe public struct EventPoll: ~Copyable {
    let descriptor: OwnedDescriptor
    private let events: UnsafeMutablePointer<clinux_epoll_event>
    private let capacity: Int

    /// Makes an instance that reports up to `capacity` descriptors in one wait.
    public init(capacity: Int = 256) throws(SystemError) {
        descriptor = OwnedDescriptor(adopting: try systemCall("epoll_create1") { clinux_epoll_create() })
        unsafe events = .allocate(capacity: capacity)
        unsafe events.initialize(repeating: clinux_epoll_event(), count: capacity)
        self.capacity = capacity
    }

    // unsafe: allocated in init and private.
    deinit { unsafe events.deallocate() }

    /// Watches a descriptor: EPOLL_CTL_ADD. Each of its events carries `token`.
    public func add(_ raw: CInt, for readiness: Readiness, token: UInt64) throws(SystemError) {
        let poll = descriptor.raw
        _ = try systemCall("epoll_ctl") { clinux_epoll_add(poll, raw, readiness.rawValue, token) }
    }

    /// Changes the events and the token of a watched descriptor: EPOLL_CTL_MOD. Pending readiness is reported again.
    public func modify(_ raw: CInt, for readiness: Readiness, token: UInt64) throws(SystemError) {
        let poll = descriptor.raw
        _ = try systemCall("epoll_ctl") { clinux_epoll_modify(poll, raw, readiness.rawValue, token) }
    }

    /// Stops watching a descriptor: EPOLL_CTL_DEL. A closed descriptor needs no removal.
    public func remove(_ raw: CInt) throws(SystemError) {
        let poll = descriptor.raw
        _ = try systemCall("epoll_ctl") { clinux_epoll_remove(poll, raw) }
    }

    /// Waits until a descriptor is ready or the timeout has passed.
    ///
    /// A signal, or a stop and continuation of the process, ends the wait early (EINTR): waiting again for the full timeout would
    /// delay every deadline of the caller by the time that has passed.
    ///
    /// - Parameter timeout: milliseconds; nil waits without limit.
    /// - Returns: how many events ``event(_:)`` can read; 0 after a timeout or a signal.
    public mutating func wait(timeout: CInt?) throws(SystemError) -> Int {
        let poll = descriptor.raw
        let count = try systemCall("epoll_wait") {
            // unsafe: `events` has room for `capacity` events.
            let count = unsafe clinux_epoll_wait(poll, events, CInt(capacity), timeout ?? -1)
            return count < 0 && errno == EINTR ? 0 : count
        }
        return Int(count)
    }

    /// One of the events of the last wait: what the descriptor is ready for, and its token.
    public func event(_ index: Int) -> (readiness: Readiness, token: UInt64) {
        precondition(index >= 0 && index < capacity)
        // unsafe: index is below the capacity, and every element was initialised.
        let event = unsafe events[index]
        return (Readiness(rawValue: event.events), event.data)
    }
}
