// SPDX-License-Identifier: Apache-2.0

import Configuration
import Glibc
import LinuxSystem

/// Waits on the main thread for the first configuration, and handles signals meanwhile.
///
/// Concurrency: belongs to the main thread, before the supervisor exists.
struct StartupWait: ~Copyable {
    /// How the wait ended.
    enum End {
        /// The configuration was read.
        case loaded(Configuration)
        /// The files are wrong: at least one problem.
        case refused([ConfigurationProblem])
        /// SIGTERM or SIGINT came first.
        case stopped
    }

    /// How often systemd is asked for more time to read the configuration, in milliseconds. Each time for twice as long.
    static let patience: CInt = 10_000

    private let loader: ConfigurationLoader
    private let signals: SignalDescriptor
    private let manager: any Notifier
    private var poll: EventPoll

    init(
        for loader: ConfigurationLoader, signals: SignalDescriptor, telling manager: any Notifier
    ) throws(SystemError) {
        let poll = try EventPoll(capacity: 2)
        try poll.add(signals.raw, for: .readable, token: 0)
        try poll.add(loader.raw, for: .readable, token: 1)
        self.loader = loader
        self.signals = signals
        self.manager = manager
        self.poll = poll
    }

    /// Reads the configuration, and reads it again if SIGHUP arrives meanwhile.
    mutating func run() throws(SystemError) -> End {
        var isOutdated = false
        try loader.begin()
        while true {
            if try poll.wait(timeout: Self.patience) == 0 {
                // TimeoutStartSec= must not end the start because a name server does not answer: the names are resolved one
                // after another.
                manager.notify(
                    "EXTEND_TIMEOUT_USEC=\(2 * 1000 * Int(Self.patience))\nSTATUS=reading the configuration")
            }
            while let number = try signals.next() {
                switch number {
                case SIGTERM, SIGINT: return .stopped
                case SIGHUP: isOutdated = true
                case SIGCHLD: Orphans.reap()
                // SIGUSR1 and SIGUSR2: there is no log file and no connection yet.
                default: break
                }
            }
            guard let (configuration, problems) = loader.take() else { continue }
            // If no thread can be created to read it again, the configuration that was read is used.
            if isOutdated, (try? loader.begin()) != nil {
                isOutdated = false
            } else if let configuration {
                return .loaded(configuration)
            } else {
                return .refused(problems)
            }
        }
    }
}
