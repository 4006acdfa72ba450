// SPDX-License-Identifier: Apache-2.0

nonisolated(unsafe) private let chain = Result { try DatagramChain() }

/// Reads what the fuzzer made up (libFuzzer's entry point) and dies of the first invariant that does not hold.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    do {
        let bytes = Array(UnsafeBufferPointer(start: start, count: count))
        let failures = try datagramInvariantFailures(of: bytes, chain.get())
        guard failures.isEmpty else { fatalError(failures.joined(separator: "\n")) }
    } catch {
        fatalError("\(error)")
    }
    return 0
}
