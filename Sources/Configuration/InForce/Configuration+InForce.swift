// SPDX-License-Identifier: Apache-2.0

import Addresses
import Policy

extension Configuration {
    /// Every value that applies, in the order of tables and keys in which one would write them.
    ///
    /// Written to a file, the values that are not nil make a configuration with the same settings.
    ///
    /// - Parameter listener: the only listener to show; nil for everything.
    public func settings(of listener: String? = nil) -> [SettingInForce] {
        let defaults = defaultsPlaces.lines
        let shown = listeners.filter { listener == nil || $0.name == listener }
        return (listener == nil ? settingsOfDaemon : []) + shown.flatMap { $0.settings(inheriting: defaults) }
    }

    /// The values of `[daemon]` and `[log]`.
    public var settingsOfDaemon: [SettingInForce] { daemon.settings + log.settings }
}

extension DaemonSettings {
    fileprivate var settings: [SettingInForce] {
        var list = SettingList(section: "daemon", written: places.lines)
        switch lanes {
        case .auto: list.add("lanes", TOMLText.string("auto"))
        case .fixed(let count): list.add("lanes", String(count))
        }
        list.add("max-connections", String(maxConnections))
        list.add("drain-timeout", TOMLText.duration(drainTimeout))
        list.add("history", String(history))
        switch control {
        case .automatic: list.add("control", nil)
        case .off: list.add("control", "false")
        case .path(let path): list.add("control", TOMLText.string(path))
        }
        list.add("operators", operatorGroup.map(TOMLText.string))
        return list.settings
    }
}

extension LogSettings {
    fileprivate var settings: [SettingInForce] {
        var list = SettingList(section: "log", written: places.lines)
        list.add("to", destinations.map { TOMLText.strings($0.map(\.text)) })
        list.add("format", TOMLText.string(format.rawValue))
        list.add("exact", TOMLText.boolean(isExact))
        list.add("level", TOMLText.string(level.rawValue))
        return list.settings
    }
}

extension LogSettings.Destination {
    /// The text in the file.
    fileprivate var text: String {
        switch self {
        case .journal: "journal"
        case .standardOutput: "stdout"
        case .standardError: "stderr"
        case .file(let path): "file:\(path)"
        }
    }
}

extension ListenerSettings {
    /// The settings of the listener and of the tables in it.
    ///
    /// - Parameter defaults: the lines of the keys of `[defaults]`.
    fileprivate func settings(inheriting defaults: [String: SettingLine]) -> [SettingInForce] {
        let written = places.lines
        var list = SettingList(
            section: TOMLText.header(["listener", name]), written: written, inherited: defaults)
        list.add("listen", TOMLText.strings(listen.map(\.endpoint.description)))
        list.add("service", TOMLText.string(service.name))
        let kinds = listen.map { $0.endpoint.scheme.kind }
        if service.schema.amplifies, kinds.contains(where: { $0 == nil || $0 == .udp }) || allowsAmplification {
            list.add("allow-amplification", TOMLText.boolean(allowsAmplification))
        }
        if kinds.allSatisfy({ $0?.isByteStream ?? true }) {
            let sources = plan.proxyTrust.sources
            list.add("accept-proxy", sources.isEmpty ? nil : TOMLText.strings(sources.map(\.description)))
        }
        list.add("idle-timeout", idleTimeout(kinds))
        list.add("lifetime", TOMLText.orOff(nanoseconds: plan.lifetime))
        list.add("max-connections", TOMLText.orOff(plan.maxConnections))
        list.add("log", plan.log.text)
        if mayBeTCP {
            list.add("keepalive", plan.timers.keepAliveText)
            list.add("user-timeout", plan.timers.userTimeoutText)
        }
        list.add("backlog", String(plan.backlog))
        var settings = list.settings
        if let forward = service.forward { settings += forward.settings(of: self, written: written) }
        return settings
    }

    /// nil if it is not set and differs for the streams and the flows of the listener, or their kinds are not known.
    private func idleTimeout(_ kinds: [SocketKind?]) -> String? {
        if plan.idleTimeout == plan.flowIdleTimeout { return TOMLText.orOff(nanoseconds: plan.idleTimeout) }
        if kinds.allSatisfy({ $0?.isDatagram == true }) { return TOMLText.orOff(nanoseconds: plan.flowIdleTimeout) }
        guard kinds.allSatisfy({ $0?.isDatagram == false }) else { return nil }
        return TOMLText.orOff(nanoseconds: plan.idleTimeout)
    }

    /// Whether it has TCP connections, to clients or upstreams. The kind of a socket that systemd passes is not known.
    private var mayBeTCP: Bool {
        listen.contains { $0.endpoint.scheme == .tcp || $0.endpoint.scheme == .systemd }
            || service.forward?.upstreams.contains { $0.endpoint.scheme == .tcp } ?? false
    }
}

extension PeerTimers {
    /// `keepalive` in TOML.
    var keepAliveText: String {
        guard let keepAlive else { return "false" }
        let text = { (seconds: Int) in TOMLText.duration(.seconds(seconds)) }
        if keepAlive.interval == nil, keepAlive.count == nil { return keepAlive.idle.map(text) ?? "true" }
        let parts = [
            keepAlive.idle.map { "idle = \(text($0))" }, keepAlive.interval.map { "interval = \(text($0))" },
            keepAlive.count.map { "count = \($0)" },
        ]
        return "{ \(parts.compactMap(\.self).joined(separator: ", ")) }"
    }

    /// `user-timeout` in TOML.
    var userTimeoutText: String { TOMLText.orOff(userTimeout.map { .milliseconds($0) }) }
}
