// SPDX-License-Identifier: Apache-2.0

import Addresses
import TestSupport
import Testing

@Suite struct FieldTests {
    @Test func `written fields are read in any order, with unknown ones between`() throws {
        var writer = FieldWriter()
        writer.write(200, "of a later version")
        writer.write(2, .max)
        writer.write(1, "text ü")
        writer.write(3) { $0.write(1, 5) }
        let reader = try FieldReader(writer.bytes)
        #expect(try reader.text(1) == "text ü")
        #expect(try reader.number(2) == UInt64.max)
        #expect(try reader.fields(3).number(1) == UInt64(5))
        #expect(reader.bytesIfPresent(4) == nil)
        #expect(try reader.numberIfPresent(4) == nil)
    }

    @Test func `missing and invalid fields are errors`() throws {
        var writer = FieldWriter()
        writer.write(1, 70_000)
        writer.write(2, [0xff])
        let reader = try FieldReader(writer.bytes)
        #expect(throws: FieldMistake.missing(9)) { try reader.bytes(9) }
        #expect(throws: FieldMistake.invalid(1)) { try reader.number(1, as: UInt16.self) }
        #expect(throws: FieldMistake.invalid(2)) { try reader.text(2) }
        #expect(throws: FieldMistake.invalid(2)) { try reader.numberIfPresent(2) }
        #expect(throws: FieldMistake.truncated) { try reader.fields(2) }
    }

    @Test func `damaged bytes are only errors`() throws {
        var random = SplitMix(seed: 15)
        for _ in 0..<5000 {
            var writer = FieldWriter()
            SocketAddress.random(using: &random).write(to: &writer)
            var bytes = writer.bytes
            switch Int.random(in: 0..<3, using: &random) {
            case 0: bytes[Int.random(in: bytes.indices, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
            case 1: bytes.removeLast(Int.random(in: 1...bytes.count, using: &random))
            default: bytes.insert(.random(in: 0...255, using: &random), at: .random(in: bytes.indices, using: &random))
            }
            do throws(FieldMistake) { _ = try SocketAddress(try FieldReader(bytes)) } catch {}
        }
    }

    @Test func `every address is written and read back`() throws {
        var random = SplitMix(seed: 16)
        for _ in 0..<5000 {
            let address = SocketAddress.random(using: &random)
            var writer = FieldWriter()
            address.write(to: &writer)
            #expect(try SocketAddress(try FieldReader(writer.bytes)) == address)
        }
    }
}
