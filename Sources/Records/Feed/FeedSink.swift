// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Synchronization

/// The destination of the records for subscribers. Its channel exists only while there are any.
///
/// Concurrency: as every sink; subscriptions are added and removed on any thread.
final class FeedSink: RecordSink {
    let destination = RecordDestination.subscribers
    let encoding = RecordEncoding.feed

    private let subscriptions = Mutex<[RecordSubscription]>([])

    func add(_ subscription: RecordSubscription) {
        subscriptions.withLock { $0.append(subscription) }
    }

    /// Removes a subscription.
    ///
    /// - Returns: whether others are left.
    func remove(_ subscription: RecordSubscription) -> Bool {
        subscriptions.withLock { subscriptions in
            subscriptions.removeAll { $0 === subscription }
            return !subscriptions.isEmpty
        }
    }

    func write(_ bytes: [UInt8], count: Int) -> SinkOutcome {
        let subscriptions = subscriptions.withLock { $0 }
        for record in FeedFrames(bytes) {
            for subscription in subscriptions { subscription.add(record) }
        }
        for subscription in subscriptions { subscription.wakeIfNeeded() }
        return SinkOutcome(written: count)
    }

    func reopen() -> Bool { false }

    func noteDropped(_ count: UInt64) -> Bool {
        for subscription in subscriptions.withLock({ $0 }) {
            subscription.miss(count)
            subscription.wakeIfNeeded()
        }
        return true
    }
}
