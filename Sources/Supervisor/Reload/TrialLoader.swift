// SPDX-License-Identifier: Apache-2.0

import Configuration
import HostAccess
import LinuxSystem
import Synchronization

/// Reads the configuration for a plan of a reload, and examines the paths that it would open, on a thread of its own.
///
/// Concurrency: as ``ConfigurationLoader``.
final class TrialLoader: Sendable {
    /// What was read, and what would keep it from being put in force.
    typealias Outcome = (loaded: ConfigurationLoader.Outcome, obstacles: [HostFinding])

    /// What the thread gets, and what it finds.
    private final class Exchange: Sendable {
        let current = Mutex<Configuration?>(nil)
        let obstacles = Mutex<[HostFinding]>([])
    }

    private let exchange = Exchange()
    private let loader: ConfigurationLoader

    /// Reads as another loader does.
    init(as other: ConfigurationLoader) throws(SystemError) {
        let exchange = exchange
        loader = try ConfigurationLoader(path: other.path) { path in
            let outcome = other.read(path)
            guard let next = outcome.configuration, let current = exchange.current.withLock({ $0 }) else {
                return outcome
            }
            let found = HostFinding.obstacles(to: ReloadPlan.opened(by: next, after: current))
            exchange.obstacles.withLock { $0 = found }
            return outcome
        }
    }

    /// The descriptor that becomes readable once the configuration was read.
    var raw: CInt { loader.raw }

    /// Starts reading. Not called again before ``take()`` has returned the outcome.
    ///
    /// - Parameter current: the configuration in force, whose files and sockets are not opened again.
    func begin(after current: Configuration) throws(SystemError) {
        exchange.current.withLock { $0 = current }
        exchange.obstacles.withLock { $0 = [] }
        try loader.begin()
    }

    /// The outcome; nil while it is in progress.
    func take() -> Outcome? {
        guard let loaded = loader.take() else { return nil }
        exchange.current.withLock { $0 = nil }
        return (loaded, exchange.obstacles.withLock { $0 })
    }
}

extension ReloadPlan {
    /// The part of a configuration that a reload would open: new log files, and listeners with new sockets.
    static func opened(by next: Configuration, after current: Configuration) -> Configuration {
        var opened = next
        let before = Set(current.log.destinations ?? [])
        opened.log.destinations = next.log.destinations?.filter { !before.contains($0) }
        let toOpen = Set(ReloadPlan(from: current, to: next).toOpen)
        opened.listeners = next.listeners.compactMap { listener in
            var listener = listener
            let addresses = listener.wantedSockets.filter { toOpen.contains($0.key) }.map(\.written)
            listener.listen = listener.listen.filter(addresses.contains)
            return listener.listen.isEmpty ? nil : listener
        }
        return opened
    }
}
