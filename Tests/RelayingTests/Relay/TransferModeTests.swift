// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Relaying

@Suite("Copy or splice")
struct TransferModeTests {
    @Test("It splices after full reads in a row, and only in a row")
    func goesOver() {
        var mode = TransferMode.copying(full: 0)
        mode.moved(1, filled: true)
        mode.moved(1, filled: false)
        for _ in 1..<TransferMode.fullReads { mode.moved(1, filled: true) }
        #expect(mode == .copying(full: TransferMode.fullReads - 1))
        mode.moved(1, filled: true)
        #expect(mode == .splicing(short: 0))
    }

    @Test("It copies again after short reads in a row, and only in a row")
    func comesBack() {
        var mode = TransferMode.splicing(short: 0)
        for _ in 1..<TransferMode.shortReads { mode.moved(TransferMode.shortLength - 1, filled: true) }
        mode.moved(TransferMode.shortLength, filled: true)
        #expect(mode == .splicing(short: 0))
        for _ in 0..<TransferMode.shortReads { mode.moved(1, filled: true) }
        #expect(mode == .copying(full: 0))
    }

    @Test("Without a pipe it copies; sockets that cannot be spliced never are")
    func without() {
        var mode = TransferMode.splicing(short: 0)
        mode.pipeUnavailable()
        #expect(mode == .copying(full: 0))
        var never = TransferMode.onlyCopying
        for _ in 0..<10 { never.moved(1 << 20, filled: true) }
        never.pipeUnavailable()
        #expect(never == .onlyCopying)
    }
}
