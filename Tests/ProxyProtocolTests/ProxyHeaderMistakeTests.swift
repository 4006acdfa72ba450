// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ProxyProtocol

@Suite struct ProxyHeaderMistakeTests {
    @Test(arguments: ProxyHeaderMistake.allCases)
    func `the message has the mistake and the advice`(_ mistake: ProxyHeaderMistake) {
        let parts = mistake.description.split(separator: "; ")
        #expect(parts.count == 2)
        #expect(parts.last?.hasSuffix(".") == false)
    }

    @Test func `each mistake has its own message`() {
        #expect(Set(ProxyHeaderMistake.allCases.map(\.description)).count == ProxyHeaderMistake.allCases.count)
    }
}
