// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import Reactor

/// What the keys of `whoami` say.
struct WhoAmIValues: ServiceValues {
    /// `show-number`: whether the answer has the number of the connection, as the log does.
    var showsNumber = false

    /// What `usherctl check` shows of a listener.
    var summary: [String] { showsNumber ? ["show-number"] : [] }

    /// The line that a client gets: `192.0.2.7:40123 (connection 17)`.
    func line(for client: Identity) -> [UInt8] {
        var line: [UInt8] = []
        client.peer.append(to: &line)
        if showsNumber { line += Array(" (connection \(client.number))".utf8) }
        line.append(UInt8(ascii: "\n"))
        return line
    }
}

extension ServiceDescriptor {
    /// Clients are told the address that they connect from.
    static let whoami = ServiceDescriptor(
        "whoami", WhoAmIValues(), keys: [SettingKey("show-number", \.showsNumber, .boolean)],
        unfit: [.can: "a frame has no room for an address"], amplifies: true,
        make: { values in
            .stateless(
                { seed, lane in WhoAmIWorker(seed, lane: lane, values) },
                flow: { seed, lane in WhoAmIFlow(flow: seed, lane: lane, values) })
        })
}
