// SPDX-License-Identifier: Apache-2.0

import ControlProtocol
import TestSupport
import Testing

/// Clients of the control socket that send anything, in any pieces.
@Suite(.serialized) struct ControlInvariantTests {
    /// Parameters that are right for some method, and others.
    private static let pieces = [
        "{}", "null", "{\"listener\":\"listener2\"}", "{\"filter\":{}}", "{\"filter\":{\"numbers\":[1,2]}}",
        "{\"filter\":{\"peer\":\"127.0.0.0/8\"},\"dry_run\":true}", "{\"limit\":-1}", "{\"limit\":1e99}",
        "{\"filter\":{\"older_us\":18446744073709551616}}", "{\"order\":\"age\",\"limit\":1}", "[", "{\"interface\":1}",
        "{\"number\":1}", "{\"listener\":\"\\u0000\"}", "{\"listener\":\"a\",\"listener\":\"b\"}",
    ]

    @Test(arguments: 0..<40) func `random calls are answered alike, however they are cut`(seed: UInt64) {
        var numbers = SplitMix(seed: seed)
        let names = ControlMethod.allCases.map(\.rawValue) + ["GetInfo", "GetInterfaceDescription"]
        let lines = (0..<Int.random(in: 1...8, using: &numbers)).map { _ in
            let name = names.randomElement(using: &numbers) ?? ""
            let flag = ["", "", "+", "-"].randomElement(using: &numbers) ?? ""
            var line = Array("\(name)\(flag) \(Self.pieces.randomElement(using: &numbers) ?? "")".utf8)
            if Bool.random(using: &numbers) {
                line[Int.random(in: line.indices, using: &numbers)] = UInt8.random(in: 0...255, using: &numbers)
            }
            return line
        }
        let script = Array(lines.joined(separator: [UInt8(ascii: "\n")]))
        #expect(controlInvariantFailures(of: script) == [], "\(String(decoding: script, as: UTF8.self))")
    }
}
