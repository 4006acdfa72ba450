// SPDX-License-Identifier: Apache-2.0

import Configuration
import Glibc
import HostAccess
import LinuxSystem
import Services
import Synchronization

/// Reads configurations on a thread of its own, since a disk or a name server may take minutes.
///
/// The owner calls ``begin()``, watches ``raw`` until it is readable, and calls ``take()``.
///
/// Concurrency: one owner at a time, on any thread; the reading happens on a thread `usherd.loader`, which ends with it.
final class ConfigurationLoader: Sendable {
    /// The result of a load: a configuration, or problems.
    typealias Outcome = (configuration: Configuration?, problems: [ConfigurationProblem])

    /// The path of the main file.
    let path: String

    let read: @Sendable (String) -> Outcome
    private let outcome = Mutex<Outcome?>(nil)
    private let finished: Wakeup

    /// Makes a loader for a file.
    ///
    /// - Parameter read: reads the files and resolves the names; blocks as long as these take.
    init(
        path: String,
        read: @escaping @Sendable (String) -> Outcome = {
            let host = SystemHostLookup()
            var (configuration, problems) = Configuration.load(
                path: $0, services: ServiceDescriptor.schemas, host: host)
            // Another user could not give the socket to a group that it is not in.
            if geteuid() == 0 { configuration?.daemon.controlGroup = try? host.group(named: "usherd") }
            return (configuration, problems)
        }
    ) throws(SystemError) {
        self.path = path
        self.read = read
        finished = try Wakeup()
    }

    /// The descriptor that becomes readable once the configuration was read.
    var raw: CInt { finished.raw }

    /// Starts reading. Not called again before ``take()`` has returned the outcome.
    ///
    /// - Throws: `EAGAIN` and the like if no thread can be created; then nothing was started.
    func begin() throws(SystemError) {
        try OwnThread.start("usherd.loader") { [self] in
            let outcome = read(path)
            self.outcome.withLock { $0 = outcome }
            finished.signal()
        }
    }

    /// The outcome of the load; nil while it is in progress.
    func take() -> Outcome? {
        finished.clear()
        return outcome.withLock { $0.take() }
    }
}
