// SPDX-License-Identifier: Apache-2.0

import Dispatch
import LinuxSystem

/// Calls a closure after the interfaces or addresses of this host have changed.
///
/// A burst of events, as when a container starts, leads to one call.
///
/// Concurrency: belongs to the queue that it was made for.
final class HostWatch {
    /// Owns the netlink socket. It has to stay open until libdispatch has cancelled the source
    /// (dispatch_source_set_cancel_handler(3)).
    private final class Descriptor {
        let events: LinkEvents

        init() throws(SystemError) { events = try LinkEvents(withAddresses: true) }
    }

    private let descriptor: Descriptor
    private let source: any DispatchSourceRead
    private let alarm: Alarm
    private(set) var watchesRoutes = false

    /// Whether ``retryLater()`` has set the alarm, if it is set.
    private var isRetry = false

    /// The time from an event to the call, in nanoseconds.
    private static let pause: UInt64 = 50_000_000

    /// The time to the next call after a failure whose end no event announces, in nanoseconds.
    static let retryPause: UInt64 = 1_000_000_000

    /// Starts watching.
    ///
    /// - Parameter changed: called on the queue.
    init(on queue: DispatchQueue, _ changed: @escaping () -> Void) throws(SystemError) {
        let descriptor = try Descriptor()
        self.descriptor = descriptor
        source = DispatchSource.makeReadSource(fileDescriptor: descriptor.events.raw, queue: queue)
        alarm = Alarm(on: queue, changed)
        source.setEventHandler { [unowned self] in
            descriptor.events.clear()
            callSoon()
        }
        source.setCancelHandler { withExtendedLifetime(descriptor) {} }
        source.activate()
    }

    /// Schedules the call that follows an event.
    private func callSoon() {
        // A steady stream of events must not put the call off for ever.
        if alarm.isSet, !isRetry { return }
        isRetry = false
        alarm.set(after: Self.pause)
    }

    /// Schedules a call in one second, after a failure whose end no event announces.
    func retryLater() {
        if alarm.isSet { return }
        isRetry = true
        alarm.set(after: Self.retryPause)
    }

    /// Starts or stops watching the routes.
    ///
    /// To start schedules a call, since a route may have been added before. If the kernel refuses, a call follows one
    /// second later, which may ask again.
    func watchRoutes(_ wanted: Bool) {
        guard wanted != watchesRoutes else { return }
        guard (try? descriptor.events.watchRoutes(wanted)) != nil else { return retryLater() }
        watchesRoutes = wanted
        if wanted { callSoon() }
    }

    deinit { source.cancel() }
}
