// SPDX-License-Identifier: Apache-2.0

import Configuration
import Glibc
import LinuxSystem
import Records

/// A socket that this host cannot have yet.
struct AwaitedSocket {
    let listener: String
    /// Why it cannot, as it was told last.
    let failure: ListenFailure
}

extension Supervisor {
    // MARK: - What the host lacks

    /// Notes a socket that is opened when the host has what it needs; says so if that is news.
    func noteAwaited(_ key: SocketKey, _ awaited: AwaitedSocket, after before: [SocketKey: AwaitedSocket] = [:]) {
        self.awaited[key] = awaited
        guard before[key]?.failure.cause != awaited.failure.cause else { return }
        write(
            .warning, "\(awaited.listener) waits: \(awaited.failure.awaitedMessage)",
            listener: listeners[awaited.listener], errno: awaited.failure.errno)
    }

    /// What listeners wait for, in words and in order.
    var awaitedAddresses: [String] { Set(awaited.values.map(\.failure.awaitedWords)).sorted() }

    // MARK: - Watching

    /// Watches the interfaces and addresses of this host while anything depends on them, and looks once when that begins:
    /// so nothing happens unseen in between.
    func watchHost() {
        let isNeeded = !awaited.isEmpty || configuration.listeners.contains(where: \.followsInterfaces)
        guard isNeeded != (hostWatch != nil) else { return }
        guard isNeeded else {
            hostWatch = nil
            return
        }
        do throws(SystemError) {
            hostWatch = try HostWatch(on: queue) { [self] in hostChanged() }
            hostWatch?.lookSoon()
        } catch {
            let hint = error.errno == EAFNOSUPPORT ? "; allow AF_NETLINK in RestrictAddressFamilies= of the unit" : ""
            write(
                .warning,
                "cannot watch the interfaces and addresses of this host, so what a listener waits for is not noticed before"
                    + " a reload: \(error)\(hint)", errno: error.errno)
        }
    }

    /// Something has happened to an interface or an address: opens what can be had now, and binds anew what is bound to an
    /// interface that is gone. Every other socket, and each connection, stays.
    func hostChanged() {
        guard life == .serving else { return }
        var next = configuration
        for index in next.listeners.indices { next.listeners[index].follow(interfaceIndex) }
        var plan = ReloadPlan(from: configuration, to: next)
        let before = awaited
        let wanted = Set(plan.toOpen).union(before.keys)
        var changes = SocketChanges(listeners.values.flatMap(\.sockets), closing: closing.compactMap(\.socket))
        var failures: [SocketKey: AwaitedSocket] = [:]
        var arrived: Set<String> = []
        for settings in next.listeners {
            for one in settings.wantedSockets where wanted.contains(one.key) {
                do throws(ListenFailure) {
                    try changes.open(one, for: settings.name, passed: passed)
                    arrived.insert(settings.name)
                } catch {
                    failures[one.key] = AwaitedSocket(listener: settings.name, failure: error)
                }
            }
        }
        plan.rebind(arrived)
        configuration = next
        if !plan.toClose.isEmpty || !arrived.isEmpty { commit(plan, next, changes.sockets, toldAlready: true) }
        awaited = [:]
        for (key, one) in failures { noteAwaited(key, one, after: before) }
        rejoinGroups()
        statusChanged()
    }

    /// Joins the groups anew whose interface the kernel chose, if it may have chosen one that is gone.
    private func rejoinGroups() {
        let indexes = NetworkInterfaces.indexes
        let isGone = !knownInterfaces.isSubset(of: indexes)
        knownInterfaces = indexes
        for listener in listeners.values {
            for open in listener.sockets {
                guard case .group(let group, interface: 0) = open.key, isGone || groupsLeft.contains(open.key) else {
                    continue
                }
                do throws(SystemError) {
                    guard try open.socket.rejoin() else { continue }
                    groupsLeft.remove(open.key)
                    let address = RecordedAddress(open.socket.kind, open.socket.address)
                    write(.listening, "\(listener.settings.name) has joined \(address) anew", listener: listener)
                } catch {
                    guard groupsLeft.insert(open.key).inserted else { continue }
                    write(
                        .warning,
                        "\(listener.settings.name) is not in the group \(group) any more, and joins it again when an"
                            + " interface leads to it: \(error)", listener: listener, errno: error.errno)
                }
            }
        }
    }
}

extension ListenFailure {
    /// Whether the host may get later what the socket needs, so that rtnetlink(7) tells of it: an address that it does not
    /// have (`EADDRNOTAVAIL`) or an interface that is not there (`ENODEV`).
    var isAwaited: Bool {
        guard case .system(let error) = cause, [.tcp, .udp].contains(address.endpoint.scheme) else { return false }
        return error.errno == ENODEV || (error.operation == "bind" && error.errno == EADDRNOTAVAIL)
    }

    /// What is waited for, in a sentence.
    fileprivate var awaitedMessage: String {
        let endpoint = address.endpoint
        if errno == EADDRNOTAVAIL {
            return "this host does not have the address of \(endpoint) now, and listens there when it is added"
                + " (`ip address` shows what there is)"
        }
        if errno == ENODEV, let interface = address.interface {
            return "this host has no interface \(interface) now, and listens on \(endpoint) when there is one of this name"
                + " (`ip link` shows what there is)"
        }
        if errno == ENODEV {
            return "no interface leads to the group of \(endpoint) now; it is joined when one does"
        }
        return message
    }

    /// The same in the line of the status.
    fileprivate var awaitedWords: String {
        if errno == ENODEV, let interface = address.interface { return "\(interface) (missing)" }
        return errno == EADDRNOTAVAIL ? "\(address.endpoint) (no such address)" : "\(address.endpoint)"
    }
}
