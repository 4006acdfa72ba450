// SPDX-License-Identifier: Apache-2.0

import Addresses
import Testing

@testable import Relaying

/// Which address of a name datagrams go to first.
@Suite struct AddressPreferenceTests {
    /// IPv4 addresses by their number.
    private static func addresses(_ numbers: [UInt32]) -> [SocketAddress] {
        numbers.map { .ipv4(IPv4Address($0), port: 53) }
    }

    @Test func `an address that answered is tried first`() {
        let all = Self.addresses([1, 2, 3])
        var preference = AddressPreference()
        #expect(preference.order(all) == all)
        preference.answered(all[1])
        #expect(preference.order(all) == [all[1], all[0], all[2]])
        // One that the name has no more changes nothing.
        #expect(preference.order([all[0], all[2]]) == [all[0], all[2]])
    }

    @Test func `after a refusal the next address is tried first`() {
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

    @Test func `without any answer a silent address is kept`() {
        let all = Self.addresses([1, 2])
        var preference = AddressPreference()
        #expect(preference.movesOnWhenSilent)
        preference.allSilent()
        #expect(!preference.movesOnWhenSilent && preference.order(all) == all)
        preference.answered(all[0])
        #expect(preference.movesOnWhenSilent)
    }
}
