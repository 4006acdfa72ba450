// SPDX-License-Identifier: Apache-2.0

import Dispatch
import LinuxSystem

/// Tells the supervisor that something has happened to the interfaces or addresses of this host, a moment later: what
/// comes in a burst, as with a container that starts, is looked at once.
///
/// Concurrency: belongs to the queue that it was made for.
final class HostWatch {
    private let events: LinkEvents
    private let source: any DispatchSourceRead
    private let alarm: Alarm

    /// How long after an event to look, in nanoseconds.
    private static let pause: UInt64 = 50_000_000

    /// Begins to watch.
    init(on queue: DispatchQueue, _ changed: @escaping () -> Void) throws(SystemError) {
        let events = try LinkEvents(withAddresses: true)
        source = DispatchSource.makeReadSource(fileDescriptor: events.raw, queue: queue)
        alarm = Alarm(on: queue, changed)
        self.events = events
        source.setEventHandler { [unowned self] in
            self.events.clear()
            lookSoon()
        }
        source.activate()
    }

    /// Has the host looked at, as after an event.
    func lookSoon() {
        if !alarm.isSet { alarm.set(after: Self.pause) }
    }

    deinit { source.cancel() }
}
