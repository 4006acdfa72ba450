// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// What the programs bring along and what they need of a host.
@Suite struct LinkageTests {
    /// The shared libraries that a program needs.
    private func libraries(_ program: String) throws -> [String] {
        let result = try run("readelf", ["-d", program])
        try #require(result.succeeded, "\(result.errors)")
        return result.text.split(separator: "\n").filter { $0.contains("(NEEDED)") }.compactMap {
            $0.split(separator: "[").last?.split(separator: "]").first.map(String.init)
        }
    }

    @Test func `usherd does not link Foundation`() throws {
        let program = try BuiltProgram.usherd()
        let needed = try libraries(program)
        #expect(needed.contains { $0.hasPrefix("libc.so") })
        #expect(!needed.contains { $0.contains("Foundation") })
        // Linked in, it would leave the names of its types, which the runtime looks up.
        let bytes = try Data(contentsOf: URL(fileURLWithPath: program))
        #expect(bytes.range(of: Data("10Foundation".utf8)) == nil)
        // It reads the JSON of control clients.
        #expect(bytes.range(of: Data("20FoundationEssentials".utf8)) != nil)
    }

    @Test func `the release binary is small and needs no Swift library`() throws {
        let program = try BuiltProgram.usherd()
        let needed = try libraries(program)
        // A build without --static-swift-stdlib, as `swift build` alone makes it, needs them all.
        let isStatic = !needed.contains { $0.hasPrefix("libswiftCore") }
        if isStatic { #expect(!needed.contains { $0.hasPrefix("libswift") || $0.hasPrefix("libdispatch") }) }
        // Code and data, without what debuggers read.
        let size = try run("size", [program])
        let numbers = size.text.split(separator: "\n").last?.split(whereSeparator: \.isWhitespace).prefix(2)
        let loaded = try #require(numbers?.compactMap { Int($0) }.reduce(0, +), "\(size.errors)")
        #expect(loaded > 1 << 20 && loaded < (program.contains("/debug/") ? 48 : 18) << 20)
    }
}
