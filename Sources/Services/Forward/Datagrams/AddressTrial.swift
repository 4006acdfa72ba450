// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem

/// Which of the addresses of a name a flow of datagrams goes to, until one has answered. Pure.
///
/// An address that refuses is left for the next one, and so is one that is silent. If no address answers, as where nothing
/// is ever answered, the flow goes back to the first that did not refuse.
struct AddressTrial {
    /// What to do now.
    enum Step {
        /// Connect to ``address``, and send it what was kept, without so many datagrams that it has got before.
        case connect(without: Int)
        /// No address can be had.
        case failed([Failure])
    }

    /// Why an address was left.
    struct Failure {
        var address: SocketAddress
        var errno: CInt
        /// Who is to blame.
        var party = FaultParty.peer
    }

    /// The addresses in the order in which they are tried.
    let addresses: [SocketAddress]

    private var current = 0
    private var failures: [Failure] = []
    /// The first address that was silent, and how many datagrams it was sent.
    private var silent: (index: Int, sent: Int)?
    private var isSettled = false

    /// A trial of addresses in the resolver's order: at least one.
    init(_ addresses: [SocketAddress]) {
        self.addresses = addresses.count == 1 ? addresses : ConnectRace.order(of: addresses)
    }

    /// The address that is tried now.
    var address: SocketAddress { addresses[current] }

    /// Whether there is anywhere to go from an address that is silent.
    var mayLeaveSilent: Bool { !isSettled && (current + 1 < addresses.count || silent != nil) }

    /// Whether every address was tried, and none has answered.
    var wasInVain: Bool { isSettled }

    /// The address refuses what it is sent, or cannot be connected to.
    mutating func refused(errno: CInt, party: FaultParty = .peer) -> Step {
        failures.append(Failure(address: address, errno: errno, party: party))
        guard !isSettled else { return .failed(failures) }
        return next()
    }

    /// The address was sent so many datagrams, and is silent.
    mutating func wasSilent(sent: Int) -> Step {
        if silent == nil { silent = (current, sent) }
        return next()
    }

    private mutating func next() -> Step {
        if current + 1 < addresses.count {
            current += 1
            return .connect(without: 0)
        }
        guard let silent else { return .failed(failures) }
        isSettled = true
        current = silent.index
        return .connect(without: silent.sent)
    }
}
