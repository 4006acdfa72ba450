// SPDX-License-Identifier: Apache-2.0

import Configuration
import Dispatch
import Glibc
import HostAccess
import LinuxSystem
import Policy
import Reactor
import Records
import Services

/// Owns the configuration, listeners and lane handles; handles signals; alone notifies systemd.
///
/// Concurrency: made on its serial queue and confined to it. Lanes reach it through a ``Wakeup``, signals through a
/// signalfd, a configuration through its ``ConfigurationLoader``, changes of the host through ``HostWatch``, time through
/// ``Alarm``: all are Dispatch sources of this queue. It waits for lanes only at the end of a reload or of the daemon, and
/// for a limited time. It reads no configuration file and asks no name server, since the watchdog is on this queue too.
final class Supervisor {
    let loader: ConfigurationLoader
    let writer: RecordWriter
    let manager: any Notifier
    let queue: DispatchQueue
    let gate: ExitGate
    let passed: PassedSockets
    let descriptorLimit: Int
    let shared: LaneShared
    let wakeup: Wakeup

    var configuration: Configuration
    var listeners: [String: ActiveListener] = [:]
    var lanes: LaneGroup
    var shutdown = ShutdownState.serving
    var lastReload: (time: UInt64, failure: String?)?

    /// When the daemon started, and when the configuration in force was loaded, in nanoseconds since 1970.
    let startTime = Clock.realtime
    var loadTime = Clock.realtime

    /// The requests of control clients, and the socket over which they come.
    let inbox: ControlInbox
    let control: ControlServer
    /// Why the control socket cannot be had, as last recorded; nil if it can.
    var controlFailure: String?
    var controlLacksPlace = false
    /// Who waits for the outcome of the reload that is under way, and of the one after it.
    var reloadCallers: [ControlRequest] = []
    var nextReloadCallers: [ControlRequest] = []

    /// Reads the configuration for plans, and the clients that wait for the plan that is made, and for the next one.
    let trialLoader: TrialLoader
    var planCallers: [ControlRequest] = []
    var nextPlanCallers: [ControlRequest] = []
    /// ``loadTime`` when the plan was begun.
    var plannedAfter: UInt64 = 0

    /// Whether a configuration is being read.
    var isLoading = false
    /// Whether SIGHUP was received since that began.
    var reloadIsWanted = false

    /// How long a reload waits for the lanes before it is reported as done.
    var settleTime = DispatchTimeInterval.seconds(1)

    /// How often systemd is asked for more time while draining, in nanoseconds. Each time for twice as long.
    var extendInterval: UInt64 = 10_000_000_000

    private var nextIdentifier = 0
    private var sources: [any DispatchSourceProtocol] = []

    // Set in ``begin(_:)``, since each refers to the supervisor.
    var statusAlarm: Alarm?
    var drainAlarm: Alarm?
    var extendAlarm: Alarm?
    var watchdogAlarm: Alarm?
    var removedListenersAlarm: Alarm?
    var noticeAlarm: Alarm?
    var controlAlarm: Alarm?
    var drainsAlarm: Alarm?
    /// The listeners that operators drain, by identifier.
    var drains: [Int: DrainingListener] = [:]
    var noticePause: UInt64 = 0
    var removedListeners: [Int: RemovedListener] = [:]
    /// Sockets that reloads have closed, until every lane has released them.
    var closing: [ClosingSocket] = []
    /// Set while a listener depends on interfaces or addresses of this host.
    var hostWatch: HostWatch?
    /// Retries to start ``hostWatch``; set while the kernel refuses it.
    var hostWatchAlarm: Alarm?
    /// The interfaces and addresses of this host, as last read.
    var hostState = HostState()
    /// Which of them the sockets lack.
    var missingOnHost = MissingOnHost()
    /// Returns the present index of an interface.
    var interfaceIndex: (String) -> UInt32 = { SystemHostLookup().listeningIndex(ofScope: $0) }
    var heartbeat: UInt64 = 0
    var drainHeartbeat: UInt64 = 0
    var watchdogHeartbeat: UInt64 = 0
    var silentLanes: Set<Int> = []
    var statusSent: (line: String, time: UInt64)?

    /// What the supervisor is made from.
    struct Start: Sendable {
        var loader: ConfigurationLoader
        var configuration: Configuration
        var writer: RecordWriter
        var manager: any Notifier
        var passed: [(name: String, raw: CInt)]
        var signals: SignalDescriptor
        var gate: ExitGate
        var descriptorLimit: Int
    }

    /// Starts the lanes. Call ``begin(_:)`` next.
    init(_ start: Start, on queue: DispatchQueue) throws(SystemError) {
        self.queue = queue
        loader = start.loader
        trialLoader = try TrialLoader(as: start.loader)
        writer = start.writer
        manager = start.manager
        gate = start.gate
        configuration = start.configuration
        passed = PassedSockets(start.passed)
        descriptorLimit = start.descriptorLimit
        #if DEBUG
            _ = Verification.atStart
        #endif
        let wakeup = try Wakeup()
        self.wakeup = wakeup
        shared = LaneShared(connectionLimit: configuration.daemon.maxConnections) { wakeup.signal() }
        writer.history.setCapacity(configuration.daemon.history)
        lanes = try LaneGroup(count: configuration.daemon.laneCount, shared: shared) { [writer] in writer.makeBuffer() }
        inbox = try ControlInbox(lanes.handles)
        control = ControlServer(inbox, writer)
    }

    /// Opens every listener and sends `READY=1`. If a socket fails, records that and ends with `EX_UNAVAILABLE`.
    func begin(_ start: Start) {
        hostWatchAlarm = Alarm(on: queue) { [unowned self] in retryWatchingHost() }
        watchHost(for: configuration)
        configuration.follow(interfaceIndex)
        var failures: [ListenFailure] = []
        var awaited: [SocketKey: ListenFailure] = [:]
        for settings in configuration.listeners {
            var sockets: [OpenSocket] = []
            for wanted in settings.wantedSockets {
                do throws(ListenFailure) {
                    sockets += try OpenSocket.open(wanted, for: settings.name, passed: passed)
                } catch {
                    if error.isAwaited { awaited[wanted.key] = error } else { failures.append(error) }
                }
            }
            listeners[settings.name] = ActiveListener(settings, identifier: makeIdentifier(), sockets: sockets)
        }
        guard failures.isEmpty else { return giveUp(failures) }
        watch(start.signals)
        for settings in configuration.listeners {
            guard let listener = listeners[settings.name] else { continue }
            open(listener)
            recordListening(listener)
        }
        setAwaited(awaited)
        watchRoutes()
        recordStart()
        followControlSettings()
        // libdispatch creates its timerfd with the first timer; later there may be no descriptor left for it.
        statusAlarm?.set(after: 1)
        notifySystemd("READY=1\n\(statusAssignment())")
        beginWatchdog()
    }

    /// Returns a number that no listener had before.
    func makeIdentifier() -> Int {
        nextIdentifier += 1
        return nextIdentifier
    }

    /// Opens a listener on the lanes that accept for it.
    func open(_ listener: ActiveListener) {
        let current = listener.current
        let sockets = listener.sockets.map(\.socket)
        for handle in handles(for: current) {
            handle.perform { $0.open(current, sockets: sockets) }
        }
    }

    /// The lanes that accept for a listener: all, or one if its connections share state.
    func handles(for listener: ListenerInForce) -> [LaneHandle] {
        guard listener.sharesOneLane else { return lanes.handles }
        return [lanes.handles[listener.identifier % lanes.handles.count]]
    }

    // MARK: - Sources

    private func watch(_ signals: SignalDescriptor) {
        let source = DispatchSource.makeReadSource(fileDescriptor: wakeup.raw, queue: queue)
        source.setEventHandler { [self] in
            wakeup.clear()
            connectionsChanged()
        }
        let signalSource = DispatchSource.makeReadSource(fileDescriptor: signals.raw, queue: queue)
        signalSource.setEventHandler { [self] in
            while let number = try? signals.next() { received(signal: number) }
        }
        let loads = DispatchSource.makeReadSource(fileDescriptor: loader.raw, queue: queue)
        loads.setEventHandler { [self] in loaded() }
        let requests = DispatchSource.makeReadSource(fileDescriptor: inbox.raw, queue: queue)
        requests.setEventHandler { [self] in takeControlRequests() }
        let plans = DispatchSource.makeReadSource(fileDescriptor: trialLoader.raw, queue: queue)
        plans.setEventHandler { [self] in planLoaded() }
        controlAlarm = Alarm(on: queue) { [self] in followControlSettings() }
        drainsAlarm = Alarm(on: queue) { [self] in continueDrains() }
        statusAlarm = Alarm(on: queue) { [self] in statusChanged() }
        drainAlarm = Alarm(on: queue) { [self] in drainTimedOut() }
        extendAlarm = Alarm(on: queue) { [self] in extendTimeout() }
        removedListenersAlarm = Alarm(on: queue) { [self] in removedListenersTimedOut() }
        noticeAlarm = Alarm(on: queue) { [self] in retryNotices() }
        sources = [source, signalSource, loads, plans, requests]
        for source in sources { source.activate() }
    }

    /// Cancels every source, which releases what it holds of the supervisor.
    func stopWatching() {
        for source in sources { source.cancel() }
        sources = []
        statusAlarm = nil
        drainAlarm = nil
        extendAlarm = nil
        watchdogAlarm = nil
        removedListenersAlarm = nil
        noticeAlarm = nil
        controlAlarm = nil
        drainsAlarm = nil
        hostWatchAlarm = nil
        hostWatch = nil
        removedListeners = [:]
    }

    /// Handles a signal.
    func received(signal number: CInt) {
        switch number {
        case SIGHUP: reload()
        case SIGUSR1:
            writer.reopen()
        case SIGUSR2:
            #if DEBUG
                if HangingLane.isWanted { return HangingLane.hang(lanes) }
            #endif
            recordListeners()
            lanes.performOnAll { $0.recordConnections() }
        case SIGTERM: stop()
        case SIGINT: interrupted()
        case SIGCHLD: Orphans.reap()
        #if DEBUG
            case SIGPWR: Verification.answer(verify(descriptors: true))
        #endif
        default: break
        }
    }

    private func connectionsChanged() {
        switch shutdown {
        case .serving:
            continueDrains()
            statusChanged()
        case .draining: drainChanged()
        case .stopping: break
        }
    }

    private func giveUp(_ failures: [ListenFailure]) {
        for failure in failures {
            writer.write(
                .cannotListen(
                    failure.message, errno: failure.errno, listener: listeners[failure.listener]?.current.label))
        }
        for listener in listeners.values { listener.sockets.forEach { $0.removeFile() } }
        notifySystemd("STATUS=\(failures[0].message)\nERRNO=\(failures[0].errno)")
        if !configurationLogsToStandardError {
            for failure in failures { PrefixedErrorOutput().say(failure.message) }
        }
        end(status: ExitStatus.unavailable)
    }

    /// Whether records go to standard error, where a person who started the daemon sees them.
    var configurationLogsToStandardError: Bool {
        configuration.log.recordSettings.destinations.contains(.standardError)
    }
}

extension DaemonSettings {
    /// How many lanes there are to be on this host.
    var laneCount: Int {
        switch lanes {
        case .auto: min(Processors.usable, Self.mostLanes)
        case .fixed(let count): count
        }
    }
}
