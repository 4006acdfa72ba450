// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import LinuxSystem

/// Finds what on this host would keep a configuration from working for usherd's user. Pure: facts in, findings out.
struct HostCheck<Facts: HostFacts> {
    private let user: Account
    private let isService: Bool
    /// Whether the unit has started, and made its directories.
    private let isRunning: Bool
    private let facts: Facts
    private(set) var findings: [HostFinding] = []
    /// The log files that were checked, by their identity.
    private var logFiles: [FileIdentity: String] = [:]

    /// Prepares a check.
    ///
    /// - Parameters:
    ///   - user: the user that usherd runs as.
    ///   - isService: whether that is the service's account, for which the unit creates directories and grants
    ///     CAP_NET_BIND_SERVICE.
    ///   - isRunning: whether the unit has started.
    init(as user: Account, isService: Bool, isRunning: Bool = false, _ facts: Facts) {
        self.user = user
        self.isService = isService
        self.isRunning = isRunning
        self.facts = facts
    }

    /// Checks the paths. Call it with the effective user of usherd.
    mutating func checkPaths(of configuration: Configuration) {
        for destination in configuration.log.destinations ?? [] {
            guard case .file(let path) = destination else { continue }
            checkLogFile(path, configuration.log.origin)
            let identity = identity(of: path)
            if let identity, let other = logFiles[identity] {
                find(
                    "the log files \(other) and \(path) are one file, which would get each record twice",
                    at: configuration.log.origin, help: "leave one of them out of `to`")
            } else if let identity {
                logFiles[identity] = path
            }
        }
        if case .path(let path) = configuration.daemon.control {
            checkSocketFile(path, "the control socket \(path) cannot be opened", configuration.daemon.controlOrigin)
        }
        checkSocketFiles(of: configuration)
    }

    /// Checks the log files and Unix sockets alone, without which a reload fails.
    mutating func checkWhatIsOpened(by configuration: Configuration) {
        for destination in configuration.log.destinations ?? [] {
            if case .file(let path) = destination { checkLogFile(path, configuration.log.origin) }
        }
        checkSocketFiles(of: configuration)
    }

    private mutating func checkSocketFiles(of configuration: Configuration) {
        for listener in configuration.listeners {
            for address in listener.listen {
                if case .path(let bytes) = address.endpoint.location,
                    let path = String(validating: bytes, as: UTF8.self)
                {
                    checkSocketFile(path, "\(address.endpoint) cannot be listened on", address.origin)
                }
                checkOwner(of: address)
            }
        }
    }

    /// Checks the addresses and limits. Call it with the caller's own privileges.
    mutating func checkRest(of configuration: Configuration) {
        for listener in configuration.listeners {
            for address in listener.listen {
                guard case .bind(let kind, let places, let dualStack) = address.target else { continue }
                for place in places { checkAddress(place, kind, dualStack: dualStack, address, of: listener.name) }
            }
        }
        checkDescriptors(of: configuration)
    }

    private mutating func find(_ message: String, at origin: SettingOrigin?, help: String) {
        findings.append(HostFinding(message, at: origin, help: help))
    }

    // MARK: Paths

    /// The identity of a file: of an existing one, or of one that would be created in a directory.
    private struct FileIdentity: Hashable {
        let device: UInt64
        let inode: UInt64
        var name = ""
    }

    /// The identity of the regular file that is, or would be created, at a path; nil if unknown.
    private func identity(of path: String) -> FileIdentity? {
        if let status = try? facts.status(of: path) {
            guard status.kind == .regular, status.inode != 0 else { return nil }
            return FileIdentity(device: status.device, inode: status.inode)
        }
        guard let status = try? facts.status(of: PathObstacle.parent(of: path)), status.inode != 0 else { return nil }
        let name = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path[path.utf8.index(after: $0)...] }
        return FileIdentity(device: status.device, inode: status.inode, name: String(name ?? ""))
    }

    private mutating func checkLogFile(_ path: String, _ origin: SettingOrigin?) {
        let directory = PathObstacle.parent(of: path)
        if let obstacle = PathObstacle.toReaching(directory, facts) {
            if isMadeByUnit(obstacle) { return }
            return find(
                "the log file \(path) cannot be opened, and usherd would not start:"
                    + " \(obstacle.text(for: user.name, facts))",
                at: origin, help: help(for: obstacle))
        }
        do throws(SystemError) {
            let status = try facts.status(of: path)
            if status.kind == .directory || status.kind == .socket {
                return find(
                    "the log file \(path) is \(status.kind.rawValue)", at: origin, help: "write the path of a file")
            }
            if status.mayWrite { return }
            let obstacle = PathObstacle.notWritable(path, status)
            find(
                "the log file \(path) cannot be opened, and usherd would not start:"
                    + " \(obstacle.text(for: user.name, facts))", at: origin, help: obstacle.help(for: user.name))
        } catch {
            guard let obstacle = PathObstacle.toCreating(in: directory, facts) else { return }
            find(
                "the log file \(path) cannot be created, and usherd would not start:"
                    + " \(obstacle.text(for: user.name, facts))", at: origin, help: obstacle.help(for: user.name))
        }
    }

    /// - Parameter consequence: what fails, in words.
    private mutating func checkSocketFile(_ path: String, _ consequence: String, _ origin: SettingOrigin?) {
        if let obstacle = PathObstacle.toCreating(in: PathObstacle.parent(of: path), facts) {
            if isMadeByUnit(obstacle) { return }
            return find(
                "\(consequence): \(obstacle.text(for: user.name, facts))", at: origin, help: help(for: obstacle))
        }
        guard let status = try? facts.status(of: path), status.kind != .socket else { return }
        find(
            "\(consequence): there is \(status.kind.rawValue) at this path, which usherd leaves alone", at: origin,
            help: "remove it, or write another path")
    }

    /// Whether the obstacle is a missing directory that the unit creates at the start.
    ///
    /// RuntimeDirectory=, LogsDirectory= and StateDirectory= of usherd.service and usherd@.service.
    private func isMadeByUnit(_ obstacle: PathObstacle) -> Bool {
        guard isService, !isRunning, case .missing(let path) = obstacle else { return false }
        let made = ["/run/usherd", "/var/run/usherd", "/var/log/usherd", "/var/lib/usherd"]
        return made.contains(path) || path.hasPrefix("/run/usherd-") || path.hasPrefix("/var/log/usherd/")
            || path.hasPrefix("/var/lib/usherd/")
    }

    private func help(for obstacle: PathObstacle) -> String {
        guard case .missing(let path) = obstacle else { return obstacle.help(for: user.name) }
        return "usherd creates no directories: install -d -o \(user.name) \(path)"
    }

    private mutating func checkOwner(of address: ListenAddress) {
        if user.user == 0 { return }
        let mayGiveAway = isService && facts.unit.capabilities.contains("CAP_CHOWN")
        if let owner = address.access.user, owner != user.user, !mayGiveAway {
            find(
                "\(address.endpoint): the user \(user.name) may not give a socket to another user (chown: Operation not"
                    + " permitted)", at: address.origin,
                help: "drop `user`; or give the unit CAP_CHOWN with the drop-in unix-owners.conf of"
                    + " /usr/share/doc/usherd/examples")
        }
        guard let group = address.access.group, !user.groups.contains(group), !mayGiveAway else { return }
        let name = facts.groupName(group)
        let unitGroups = facts.unit.groups
        if isService, unitGroups.contains(name) || unitGroups.contains(String(group)) { return }
        find(
            "\(address.endpoint): the user \(user.name) is not a member of the group \(name), and may not give a socket to it"
                + " (chown: Operation not permitted)", at: address.origin,
            help: isService
                ? "write SupplementaryGroups=\(name) below [Service] with `systemctl edit usherd`, and restart it"
                : "give the process the group, in a unit by SupplementaryGroups=\(name) below [Service]; or drop `group`"
        )
    }

    // MARK: Addresses

    private mutating func checkAddress(
        _ place: SocketAddress, _ kind: SocketKind, dualStack: Bool, _ address: ListenAddress, of listener: String
    ) {
        let state = facts.state(of: place, kind, dualStack: dualStack, interface: address.datagrams.interface)
        switch state {
        case .free:
            checkPort(place, kind, address)
        case .ours:
            break
        case .taken(let holder?) where holder.pid == 1:
            find(
                "\(address.endpoint) of the listener \(listener): Address already in use by systemd",
                at: address.origin,
                help:
                    "a .socket unit has it, see `systemctl list-sockets`: write systemd:// and its FileDescriptorName=, or"
                    + " stop that unit")
        case .taken(let holder):
            let who = holder.map { "\($0.name) (process \($0.pid))" } ?? "another process"
            find(
                "\(address.endpoint) of the listener \(listener): Address already in use by \(who)",
                at: address.origin,
                help: holder == nil
                    ? "as root, `ss -lxtup` shows the process; stop that process, or choose another address"
                    : "stop that process, or choose another address")
        case .failed(let error):
            // The unit grants CAP_NET_BIND_SERVICE, which this process lacks.
            if isService, error == SystemError("bind", errno: ListenAdvice.permissionDenied) { return }
            // For an interface that is missing by name, the parsing has already made a note.
            let isNumbered = address.endpoint.interfaceNumber != nil
            if error.errno == ListenAdvice.noDevice, kind == .tcp || kind == .udp, !isNumbered { return }
            find(
                "\(address.endpoint) of the listener \(listener) cannot be listened on: \(error.reason) (\(error.symbol))",
                at: address.origin, help: ListenAdvice.text(for: error, at: address.endpoint))
        }
    }

    private mutating func checkPort(_ place: SocketAddress, _ kind: SocketKind, _ address: ListenAddress) {
        guard kind == .tcp || kind == .udp, let port = place.port, port != 0, Int(port) < facts.unprivilegedPort,
            user.user != 0, !isService
        else { return }
        find(
            "\(address.endpoint): a port below \(facts.unprivilegedPort) needs CAP_NET_BIND_SERVICE, which the user"
                + " \(user.name) does not have", at: address.origin,
            help: "choose a higher port, or let the unit grant it: AmbientCapabilities=CAP_NET_BIND_SERVICE")
    }

    // MARK: Descriptors

    private mutating func checkDescriptors(of configuration: Configuration) {
        let needed = configuration.descriptorsNeeded
        // LimitNOFILE= of the shipped unit.
        let limit = isService ? max(facts.descriptorLimit, 1 << 20) : facts.descriptorLimit
        guard needed > limit else { return }
        find(
            "max-connections needs up to \(needed) descriptors, and a process may have \(limit) here",
            at: configuration.daemon.maxConnectionsOrigin,
            help: isService
                ? "raise LimitNOFILE= of the unit to \(needed), or lower max-connections"
                : "that is the limit of this shell: raise it with ulimit -n \(needed), or lower max-connections; a service"
                    + " has LimitNOFILE= of its unit")
    }
}
