// SPDX-License-Identifier: Apache-2.0

import Dispatch
import LinuxSystem

/// Calls the supervisor after the interfaces or addresses of this host have changed. Events of a burst, as when a container
/// starts, lead to one call.
///
/// Concurrency: belongs to the queue that it was made for.
final class HostWatch {
    /// What the sources refer to: the descriptor has to stay open until libdispatch lets go of it
    /// (dispatch_source_set_cancel_handler(3)).
    private final class Descriptor {
        let events: LinkEvents

        init() throws(SystemError) { events = try LinkEvents(withAddresses: true) }
    }

    private let descriptor: Descriptor
    private let source: any DispatchSourceRead
    private let alarm: Alarm
    private(set) var tellsRoutes = false

    /// Whether the alarm, if it is set, is set for ``retryLater()``.
    private var isRetry = false

    /// The time from an event to the call, in nanoseconds.
    private static let pause: UInt64 = 50_000_000

    /// The time to the next call after something failed that no event will announce, in nanoseconds.
    static let retryPause: UInt64 = 1_000_000_000

    /// Begins to watch.
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

    /// Calls as after an event.
    private func callSoon() {
        // Events that do not end must not put the call off for ever.
        if alarm.isSet, !isRetry { return }
        isRetry = false
        alarm.set(after: Self.pause)
    }

    /// Calls once more a second later, since something failed that no event will announce.
    func retryLater() {
        if alarm.isSet { return }
        isRetry = true
        alarm.set(after: Self.retryPause)
    }

    /// Watches the routes too, or no more; a call follows when that begins, since a route may have come before.
    /// Where the kernel refuses, a call follows a second later, in which to ask again.
    func tellRoutes(_ wanted: Bool) {
        guard wanted != tellsRoutes else { return }
        guard (try? descriptor.events.tellRoutes(wanted)) != nil else { return retryLater() }
        tellsRoutes = wanted
        if wanted { callSoon() }
    }

    deinit { source.cancel() }
}
