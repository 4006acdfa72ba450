// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Something that a test waited for did not come.
public struct TimedOut: Error, CustomStringConvertible {
    /// What it was.
    public let description: String

    /// Takes what it was, in words that follow "waited in vain until".
    public init(_ condition: String) {
        description = "waited in vain until \(condition)"
    }
}

/// How long anything may take before it counts as a hang. No test relies on less.
///
/// A million datagrams take half a minute on a quiet host, and longer than one beside a build.
public let patience = Duration.seconds(240)

/// Returns once a condition holds. The time limit only turns a hang into a failure.
///
/// - Parameter condition: what is waited for, in words that follow "until".
public func waitUntil(_ words: @autoclosure () -> String, _ condition: () throws -> Bool) throws {
    let end = ContinuousClock.now + patience
    var pause: UInt32 = 500
    while try !condition() {
        guard ContinuousClock.now < end else { throw TimedOut(words()) }
        usleep(pause)
        pause = min(pause * 2, 10_000)
    }
}

/// Returns a value once there is one. The time limit only turns a hang into a failure.
public func waitFor<Value>(_ words: @autoclosure () -> String, _ value: () throws -> Value?) throws -> Value {
    var found: Value?
    try waitUntil("there is \(words())") {
        found = try value()
        return found != nil
    }
    guard let found else { throw TimedOut("there is \(words())") }
    return found
}
