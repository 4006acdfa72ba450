// SPDX-License-Identifier: Apache-2.0

package import ControlProtocol
import LinuxSystem

/// Closes connections a few at a time, spread over a duration: `close --over`.
package struct ClosePace: Equatable, Sendable {
    /// Which connections are closed at one moment.
    struct Step: Equatable {
        /// After the first step.
        let delay: Duration
        /// Their places in the list.
        let range: Range<Int>
    }

    /// How many there are.
    package let count: Int

    /// How long it takes from the first to the last.
    package let duration: Duration

    /// Makes a pace.
    package init(count: Int, over duration: Duration) {
        self.count = count
        self.duration = duration
    }

    /// The steps: at most one a second, each with about as many connections as the others.
    var steps: [Step] {
        let seconds = Int(clamping: duration.components.seconds)
        let number = max(min(count, seconds), min(count, 1))
        return (0..<number).map { step in
            Step(delay: duration * step / number, range: part(step, of: number)..<part(step + 1, of: number))
        }
    }

    private func part(_ step: Int, of number: Int) -> Int {
        // As the quotient and the rest, so that nothing overflows.
        let (each, rest) = count.quotientAndRemainder(dividingBy: number)
        return each * step + min(step, rest)
    }

    /// Closes them.
    ///
    /// - Parameters:
    ///   - numbers: the connections.
    ///   - filter: what must still be true when one is closed.
    /// - Returns: how many were closed.
    package func close(
        _ numbers: [UInt64], matching filter: ConnectionFilter, over connection: ControlConnection
    ) throws(ControlFailure) -> Int {
        let start = Clock.monotonic
        var closed = 0
        for step in steps {
            if let time = UInt64.deadline(in: step.delay, after: start), time > Clock.monotonic {
                try? Pause.wait(for: .nanoseconds(Int64(clamping: Clock.span(from: Clock.monotonic, to: time))))
            }
            var part = filter
            part.numbers = Array(numbers[step.range])
            do throws(ControlFailure) {
                closed += try connection.close(part, isDryRun: false)
            } catch {
                throw ControlFailure(
                    error.reason, "closed \(closed) of \(numbers.count) connections, then: \(error.message)")
            }
        }
        return closed
    }
}
