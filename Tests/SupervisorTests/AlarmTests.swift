// SPDX-License-Identifier: Apache-2.0

import Dispatch
import TestSupport
import Testing

@testable import Supervisor

@Suite struct AlarmTests {
    private let queue = DispatchQueue(label: "alarm")

    /// Belongs to the queue.
    private final class Count: @unchecked Sendable {
        var value = 0
        var wasSet: [Bool] = []
    }

    @Test func `an alarm fires once, and is not set afterwards`() throws {
        let count = Count()
        let alarm = queue.sync { Alarm(on: queue) { count.value += 1 } }
        queue.sync {
            #expect(!alarm.isSet)
            alarm.set(after: 1)
            #expect(alarm.isSet)
        }
        try waitUntil("it has fired") { queue.sync { count.value == 1 } }
        #expect(queue.sync { !alarm.isSet })
        queue.sync { alarm.set(after: 1) }
        try waitUntil("it has fired again") { queue.sync { count.value == 2 } }
    }

    @Test func `a repeating alarm fires until it is cancelled`() throws {
        let count = Count()
        let alarm = queue.sync { Alarm(on: queue) { count.value += 1 } }
        queue.sync { alarm.repeat(every: 1_000_000) }
        try waitUntil("it has fired three times") { queue.sync { count.value >= 3 } }
        let fired = queue.sync {
            alarm.cancel()
            return count.value
        }
        #expect(queue.sync { !alarm.isSet && count.value == fired })
    }

    @Test func `a cancelled or postponed alarm does not fire`() throws {
        let count = Count()
        let alarm = queue.sync { Alarm(on: queue) { count.value += 1 } }
        let other = queue.sync { Alarm(on: queue) { count.value += 100 } }
        queue.sync {
            alarm.set(after: 1)
            // Longer than any clock counts, which is no time that has passed.
            alarm.set(after: .max)
            other.set(after: 1)
            other.cancel()
        }
        let later = Count()
        let last = queue.sync { Alarm(on: queue) { later.value += 1 } }
        queue.sync { last.set(after: 5_000_000) }
        try waitUntil("a later one has fired") { queue.sync { later.value == 1 } }
        #expect(queue.sync { count.value } == 0)
    }

    @Test func `an alarm may be released in its own handler`() throws {
        let count = Count()
        final class Holder: @unchecked Sendable { var alarm: Alarm? }
        let holder = Holder()
        queue.sync {
            holder.alarm = Alarm(on: queue) {
                holder.alarm = nil
                count.value += 1
            }
            holder.alarm?.repeat(every: 1000)
        }
        try waitUntil("it has fired") { queue.sync { count.value == 1 } }
        #expect(queue.sync { holder.alarm == nil && count.value == 1 })
    }
}
