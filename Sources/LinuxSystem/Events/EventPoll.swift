// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// An epoll(7) instance and the room for what it reports.
///
/// Concurrency: belongs to one lane.
///
/// Safety: the pointer is made in init, freed in deinit, given away nowhere, and indexed below `capacity` only.
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

    // unsafe: allocated in init, given away nowhere.
    deinit { unsafe events.deallocate() }

    /// Watches a descriptor; `token` comes back with each of its events.
    public func add(_ raw: CInt, for readiness: Readiness, token: UInt64) throws(SystemError) {
        let poll = descriptor.raw
        _ = try systemCall("epoll_ctl") { clinux_epoll_add(poll, raw, readiness.rawValue, token) }
    }

    /// Watches a descriptor that is watched already under another token; what it is ready for now is reported again.
    public func modify(_ raw: CInt, for readiness: Readiness, token: UInt64) throws(SystemError) {
        let poll = descriptor.raw
        _ = try systemCall("epoll_ctl") { clinux_epoll_modify(poll, raw, readiness.rawValue, token) }
    }

    /// Watches it no longer. A closed descriptor needs no removal.
    public func remove(_ raw: CInt) throws(SystemError) {
        let poll = descriptor.raw
        _ = try systemCall("epoll_ctl") { clinux_epoll_remove(poll, raw) }
    }

    /// Waits until something is ready or the time is over.
    ///
    /// A signal, or a stop and continuation of the process, ends the wait early: to wait again for all of the time would
    /// put off every deadline that the caller has by what has passed.
    ///
    /// - Parameter timeout: milliseconds; nil waits without end.
    /// - Returns: how many events there are, to be read with ``event(_:)``.
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
