// SPDX-License-Identifier: Apache-2.0

import Dispatch

/// A timer on the supervisor's queue. While it is not set it costs nothing.
///
/// Concurrency: belongs to the queue that it fires on.
final class Alarm {
    private let source: any DispatchSourceTimer

    /// Whether it will fire.
    private(set) var isSet = false

    init(on queue: DispatchQueue, _ body: @escaping () -> Void) {
        source = DispatchSource.makeTimerSource(queue: queue)
        source.setEventHandler { [unowned self] in
            isSet = isRepeating
            body()
        }
        source.activate()
    }

    private var isRepeating = false

    /// Fires once, after this time.
    func set(after nanoseconds: UInt64) {
        isSet = true
        isRepeating = false
        source.schedule(deadline: .now() + .nanoseconds(Int(clamping: nanoseconds)))
    }

    /// Fires repeatedly, at this interval.
    func `repeat`(every nanoseconds: UInt64) {
        isSet = true
        isRepeating = true
        let interval = DispatchTimeInterval.nanoseconds(Int(clamping: nanoseconds))
        source.schedule(deadline: .now() + interval, repeating: interval)
    }

    /// Cancels the timer, which can be set again.
    func cancel() {
        isSet = false
        isRepeating = false
        source.schedule(deadline: .distantFuture)
    }

    deinit { source.cancel() }
}
