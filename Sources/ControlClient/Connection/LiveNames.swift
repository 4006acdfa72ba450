// SPDX-License-Identifier: Apache-2.0

import ControlProtocol

/// What a shell may complete: names that the daemon has now.
package enum LiveNames {
    /// What is named.
    package enum Kind: Sendable {
        case listener, service, upstream, connection
    }

    /// How long to wait for the daemon: a person waits for the shell.
    private static let patience = Duration.seconds(1)

    /// The most numbers of connections.
    private static let most: UInt32 = 200

    /// The names; empty if the daemon cannot be asked.
    ///
    /// - Parameter words: the command line as far as it was typed, which may say where the socket is.
    package static func find(_ kind: Kind, for words: [String]) -> [String] {
        let (path, instance) = place(in: words)
        guard let place = try? ControlPlace.ofThisProcess(path: path, instance: instance) else { return [] }
        return find(kind, at: place, typed: words)
    }

    /// The names of the daemon at a place; empty if it cannot be asked.
    ///
    /// - Parameter words: upstreams are those of the listeners that are named here, if any are.
    static func find(_ kind: Kind, at place: ControlPlace, typed words: [String] = []) -> [String] {
        guard let connection = try? ControlConnection(to: place, patience: patience) else { return [] }
        if kind == .connection {
            let list = try? connection.connections(ControlParameters.Connections(limit: most))
            return list?.connections.map { String($0.number) } ?? []
        }
        let listeners = (try? connection.status())?.listeners ?? []
        let names =
            switch kind {
            case .listener: listeners.map(\.name)
            case .service: listeners.map(\.service)
            case .upstream: upstreams(of: listeners, words)
            case .connection: [String]()
            }
        return Set(names).sorted()
    }

    private static func upstreams(of listeners: [ListenerStatus], _ words: [String]) -> [String] {
        let named = listeners.filter { !$0.upstreams.isEmpty && words.contains($0.name) }
        return (named.isEmpty ? listeners : named).flatMap(\.upstreams).map(\.address)
    }

    /// The values of `--control` and `--instance` in a command line. bash cuts `--control=PATH` into three words.
    static func place(in words: [String]) -> (path: String?, instance: String?) {
        (value(of: "--control", in: words), value(of: "--instance", in: words))
    }

    private static func value(of option: String, in words: [String]) -> String? {
        for (index, word) in words.enumerated() {
            if word.hasPrefix("\(option)=") { return String(word.dropFirst(option.utf8.count + 1)) }
            guard word == option else { continue }
            let rest = words[(index + 1)...]
            return rest.first == "=" ? rest.dropFirst().first : rest.first
        }
        return nil
    }
}
