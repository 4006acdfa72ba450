// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem

/// The sockets that systemd passed, by name, until a listener takes them.
///
/// They belong to the service manager: never unlinked, never shut down. A descriptor that no listener takes is kept, since
/// a reload may need it.
///
/// Concurrency: belongs to the supervisor's queue.
final class PassedSockets {
    private var descriptors: [(name: String, raw: CInt)]
    private var sockets: [String: [ListeningSocket]] = [:]
    /// Why the sockets of a name cannot be used. They are closed; later reloads get the same error.
    private var failures: [String: SystemError] = [:]

    /// Takes over what the manager passed.
    init(_ descriptors: [(name: String, raw: CInt)]) {
        self.descriptors = descriptors
    }

    /// The names that no listener has taken, without duplicates.
    var untaken: [String] { Set(descriptors.map(\.name)).sorted() }

    /// The name of a passed socket that has an address, which cannot be bound again; nil if there is none.
    func name(of kind: SocketKind, at address: SocketAddress) -> String? {
        for (name, raw) in descriptors where ListeningSocket.has(address, kind, raw) { return name }
        return sockets.first { $0.value.contains { ListeningSocket.has(address, kind, $0.raw) } }?.key
    }

    /// The sockets of a name, if a listener has taken them; empty if none has, so that their kinds are not known.
    ///
    /// - Throws: what ``take(_:)`` throws if systemd passed no such sockets, or those that it passed are unusable.
    func inspect(_ name: String) throws(OpenSocket.OpenFailure) -> [ListeningSocket] {
        if sockets[name] == nil, failures[name] == nil, descriptors.contains(where: { $0.name == name }) { return [] }
        return try take(name)
    }

    /// The sockets of a name, adopted and checked when they are first taken.
    func take(_ name: String) throws(OpenSocket.OpenFailure) -> [ListeningSocket] {
        if let taken = sockets[name] { return taken }
        if let failure = failures[name] { throw OpenSocket.OpenFailure(.system(failure)) }
        let matching = descriptors.filter { $0.name == name }
        guard !matching.isEmpty else {
            throw OpenSocket.OpenFailure(
                .notPassed(names: Set(descriptors.map(\.name)).union(sockets.keys).union(failures.keys).sorted()))
        }
        descriptors.removeAll { $0.name == name }
        var adopted: [ListeningSocket] = []
        var failure: SystemError?
        for (_, raw) in matching {
            do throws(SystemError) {
                adopted.append(try ListeningSocket(adopting: OwnedDescriptor(adopting: raw)))
            } catch {
                failure = failure ?? error
            }
        }
        if let failure {
            failures[name] = failure
            throw OpenSocket.OpenFailure(.system(failure))
        }
        sockets[name] = adopted
        return adopted
    }
}
