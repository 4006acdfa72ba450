// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import Glibc
import LinuxSystem

/// The file system of this host, as the effective user of the process sees it.
struct SystemPathFacts: PathFacts {
    func status(of path: String) throws(SystemError) -> FileStatus { try FileStatus(of: path) }

    func userName(_ number: UInt32) -> String { NameService.userName(of: number) ?? String(number) }

    func groupName(_ number: UInt32) -> String { NameService.groupName(of: number) ?? String(number) }
}

/// This host, for ``HostCheck``. It binds addresses for a moment and never listens, so a running daemon is not disturbed.
struct SystemHostFacts: HostFacts {
    /// The absolute path of the checked configuration: a usherd that runs with it may use the addresses.
    private let configurationPath: String?

    init(configurationPath: String) {
        self.configurationPath = Self.absolute(configurationPath)
    }

    func status(of path: String) throws(SystemError) -> FileStatus { try SystemPathFacts().status(of: path) }

    func userName(_ number: UInt32) -> String { SystemPathFacts().userName(number) }

    func groupName(_ number: UInt32) -> String { SystemPathFacts().groupName(number) }

    var descriptorLimit: Int { (try? DescriptorLimit.highest) ?? .max }

    var unprivilegedPort: Int { SocketHolders.unprivilegedPort }

    var unit: UnitDropIns { UnitDropIns(in: SystemFiles()) }

    func state(of address: SocketAddress, _ kind: SocketKind, dualStack: Bool, interface: UInt32) -> AddressState {
        if kind.isUnix { return unixState(of: address, kind) }
        do throws(SystemError) {
            try PortProbe.bind(kind, address, dualStack: dualStack, interface: interface)
            return .free
        } catch {
            guard error.errno == EADDRINUSE else { return .failed(error) }
            return holder(of: SocketHolders.sockets(on: address, kind))
        }
    }

    /// /proc/net/unix lists Unix sockets, so nothing has to be bound or connected.
    private func unixState(of address: SocketAddress, _ kind: SocketKind) -> AddressState {
        let sockets = SocketHolders.sockets(on: address, kind)
        return sockets.isEmpty ? .free : holder(of: sockets)
    }

    private func holder(of sockets: [SocketHolders.Entry]) -> AddressState {
        let processes = SocketHolders.processes(with: sockets)
        // A socket that systemd holds may have been passed to a running daemon: then both have it open.
        if let manager = processes.first(where: { $0.pid == 1 }) {
            return .taken(by: AddressState.Holder(name: manager.name, pid: 1))
        }
        if processes.contains(where: isOurs) { return .ours }
        if let other = processes.first { return .taken(by: AddressState.Holder(name: other.name, pid: other.pid)) }
        // Only root sees which process has a socket of another user, but the table names the user that created it.
        let daemons = SocketHolders.processes(named: "usherd").filter(isOurs)
        let mayBeOurs = daemons.contains { daemon in
            sockets.contains { $0.user == nil || $0.user == daemon.user || $0.user == 0 }
        }
        return mayBeOurs ? .ours : .taken(by: nil)
    }

    /// Whether a process is a usherd that runs with the checked configuration.
    private func isOurs(_ process: SocketHolders.Process) -> Bool {
        guard process.name == "usherd", let configurationPath else { return false }
        let written = Self.configuration(of: process.arguments)
        let path =
            written.utf8.first == UInt8(ascii: "/")
            ? written : SocketHolders.directory(of: process).map { "\($0)/\(written)" }
        return path.flatMap(Self.absolute) == configurationPath
    }

    /// The configuration file in a command line of usherd.
    static func configuration(of arguments: [String]) -> String {
        var path = Configuration.defaultPath
        var words = arguments.dropFirst()
        while let word = words.popFirst() {
            if word == "--config" || word == "-c" {
                path = words.popFirst() ?? path
            } else if word.hasPrefix("--config=") {
                path = String(word.dropFirst("--config=".count))
            }
        }
        return path
    }

    /// The path without symbolic links and dots; nil if it does not exist.
    private static func absolute(_ path: String) -> String? {
        // unsafe: realpath allocates the text; this function frees it.
        guard let text = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(text) }
        return unsafe String(cString: text)
    }
}
