// SPDX-License-Identifier: Apache-2.0

/// Reads what the fuzzer made up (libFuzzer's entry point) and dies of the first invariant that does not hold.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let failures = controlInvariantFailures(of: Array(UnsafeBufferPointer(start: start, count: count)))
    guard failures.isEmpty else { fatalError(failures.joined(separator: "\n")) }
    return 0
}
