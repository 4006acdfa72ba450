// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Records

@Suite struct EndCausesTests {
    private func refusals(_ word: String) -> [Refusal.Kind] {
        Refusal.Kind.allCases.filter { kind in EndCauses(word)?.contains(kind) ?? false }
    }

    private func reasons(_ word: String) -> [CloseReason] {
        CloseReason.allCases.filter { reason in EndCauses(word)?.contains(reason) ?? false }
    }

    @Test(arguments: ["listener-limit", "listener.max-connections", "max-connections"])
    func `a rule has the names of status, of records and of the table`(word: String) {
        #expect(refusals(word) == [.listenerLimit])
        #expect(reasons(word).isEmpty)
    }

    @Test func `a rule of several refusals means all of them`() {
        #expect(refusals("listener.accept-proxy") == [.proxyHeader, .ended])
        #expect(refusals("to") == [.loop, .ownAddress, .upstreamsDown])
        #expect(refusals("loop") == [.loop])
        #expect(refusals("daemon.max-connections") == [.daemonLimit])
        #expect(refusals("usherctl pause") == [.paused])
    }

    @Test func `a reason of a close means that one`() {
        for reason in CloseReason.allCases { #expect(reasons("\(reason.name)") == [reason]) }
        #expect(refusals("idle-timeout").isEmpty)
    }

    @Test(arguments: ["", "x", "listener.", "listener.listener-limit", "listener.idle-timeout", "pause"])
    func `any other word means nothing`(word: String) {
        #expect(EndCauses(word) == nil)
    }

    @Test func `every word means something`() {
        #expect(EndCauses.words.allSatisfy { EndCauses($0) != nil })
        #expect(EndCauses.words == EndCauses.words.sorted())
        #expect(EndCauses.words.contains("listener.max-connections") && EndCauses.words.contains("listener-limit"))
    }
}
