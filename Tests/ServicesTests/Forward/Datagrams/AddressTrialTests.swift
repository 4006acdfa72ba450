// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem
import Testing

@testable import Services

@Suite struct AddressTrialTests {
    /// IPv4 addresses by their number.
    private static func addresses(_ numbers: [UInt32]) -> [SocketAddress] {
        numbers.map { .ipv4(IPv4Address($0), port: 53) }
    }

    private func number(_ address: SocketAddress) -> UInt32? {
        if case .ipv4(let ip, _) = address { ip.value } else { nil }
    }

    /// How many datagrams the next address has got before; nil if there is none.
    private func without(_ step: AddressTrial.Step) -> Int? {
        if case .connect(let count) = step { count } else { nil }
    }

    private func failures(_ step: AddressTrial.Step) -> [UInt32]? {
        if case .failed(let failures) = step { failures.compactMap { number($0.address) } } else { nil }
    }

    @Test func `an address that refuses is left for the next, up to the last`() {
        var trial = AddressTrial(Self.addresses([1, 2, 3]))
        #expect(number(trial.address) == 1)
        #expect(without(trial.refused(errno: ECONNREFUSED)) == 0)
        #expect(number(trial.address) == 2)
        #expect(without(trial.refused(errno: EHOSTUNREACH)) == 0)
        #expect(failures(trial.refused(errno: ECONNREFUSED)) == [1, 2, 3])
    }

    @Test func `a single address is not left because it is silent`() {
        let trial = AddressTrial(Self.addresses([1]))
        #expect(!trial.mayLeaveSilent)
    }

    @Test func `an address that is silent is left for the next`() {
        var trial = AddressTrial(Self.addresses([1, 2]))
        #expect(trial.mayLeaveSilent)
        #expect(without(trial.wasSilent(sent: 3)) == 0)
        #expect(number(trial.address) == 2 && !trial.wasInVain)
    }

    @Test func `if all are silent, the first gets what it has not got, and stays`() {
        var trial = AddressTrial(Self.addresses([1, 2, 3]))
        _ = trial.wasSilent(sent: 2)
        _ = trial.wasSilent(sent: 4)
        #expect(trial.mayLeaveSilent)
        #expect(without(trial.wasSilent(sent: 5)) == 2)
        #expect(number(trial.address) == 1 && trial.wasInVain && !trial.mayLeaveSilent)
        // What it refuses then is the end.
        #expect(failures(trial.refused(errno: ECONNREFUSED)) == [1])
    }

    @Test func `an address that was silent is better than one that refuses`() {
        var trial = AddressTrial(Self.addresses([1, 2, 3]))
        _ = trial.refused(errno: ECONNREFUSED)
        _ = trial.wasSilent(sent: 1)
        #expect(number(trial.address) == 3)
        #expect(without(trial.refused(errno: ECONNREFUSED)) == 1)
        #expect(number(trial.address) == 2 && trial.wasInVain)
    }

    @Test func `the last address stays if all before it have refused`() {
        var trial = AddressTrial(Self.addresses([1, 2]))
        _ = trial.refused(errno: ECONNREFUSED)
        #expect(!trial.mayLeaveSilent)
    }

    @Test func `families take turns, as they do for streams`() {
        let six = SocketAddress.ipv6(.loopback, port: 53, scope: 0)
        let four = Self.addresses([1, 2])
        #expect(AddressTrial([six] + four).addresses == [six, four[0], four[1]])
        #expect(AddressTrial(four + [six]).addresses == [four[0], six, four[1]])
    }

    // MARK: - What later flows begin with

    @Test func `an address that has answered goes first`() {
        let all = Self.addresses([1, 2, 3])
        var preference = AddressPreference()
        #expect(preference.order(all) == all)
        preference.answered(all[1])
        #expect(preference.order(all) == [all[1], all[0], all[2]])
        // One that the name has no more changes nothing.
        #expect(preference.order([all[0], all[2]]) == [all[0], all[2]])
    }

    @Test func `after a refusal the next address goes first`() {
        let all = Self.addresses([1, 2, 3])
        var preference = AddressPreference()
        preference.refused(all[0], among: all)
        #expect(preference.order(all).first == all[1])
        // One that is not first has no say.
        preference.refused(all[2], among: all)
        #expect(preference.order(all).first == all[1])
        preference.refused(all[1], among: all)
        #expect(preference.order(all).first == all[2])
        preference.refused(all[2], among: all)
        #expect(preference.order(all).first == all[0])
    }

    @Test func `where nothing is ever answered, silence is no reason to leave, until an answer comes`() {
        let all = Self.addresses([1, 2])
        var preference = AddressPreference()
        #expect(preference.leavesSilent)
        preference.allSilent()
        #expect(!preference.leavesSilent && preference.order(all) == all)
        preference.answered(all[0])
        #expect(preference.leavesSilent)
    }
}
