// SPDX-License-Identifier: Apache-2.0

import ProxyProtocol

/// What holds for whatever bytes a client sends first, in sentences where it does not. Fuzzing checks the same.
func proxyHeaderInvariantFailures(of bytes: [UInt8]) -> [String] {
    let outcome = ProxyOutcome(bytes[...])
    var failures = growthFailures(of: bytes, outcome: outcome)
    switch outcome {
    case .incomplete: break
    case .mistake(let mistake):
        if mistake.description.isEmpty { failures.append("a mistake without words") }
    case .complete(let header, let length):
        if length < 15 || length > bytes.count { failures.append("a header of \(length) bytes in \(bytes.count)") }
        failures += roundTripFailures(of: header)
    }
    return failures
}

/// What parsing makes of some bytes.
enum ProxyOutcome: Equatable {
    case incomplete
    case complete(ProxyHeader, length: Int)
    case mistake(ProxyHeaderMistake)

    init(_ bytes: ArraySlice<UInt8>, longest: Int = ProxyHeader.defaultLongest) {
        do throws(ProxyHeaderMistake) {
            switch try ProxyHeader.parse(bytes.span.bytes, longest: longest) {
            case .incomplete: self = .incomplete
            case .complete(let header, let length): self = .complete(header, length: length)
            }
        } catch {
            self = .mistake(error)
        }
    }
}

/// As bytes come one by one, a header is incomplete until it is complete or can be none, and then stays so.
private func growthFailures(of bytes: [UInt8], outcome: ProxyOutcome) -> [String] {
    var isRefused = false
    // Behind a header, one byte is as good as another.
    var counts = 0..<bytes.count
    if case .complete(_, let length) = outcome { counts = 0..<min(length + 2, bytes.count) }
    for count in counts {
        switch ProxyOutcome(bytes[..<count]) {
        case .incomplete:
            if isRefused { return ["\(count) bytes are incomplete after fewer were refused"] }
            if case .complete(_, let length) = outcome, count >= length { return ["\(count) bytes are incomplete"] }
        case .mistake:
            guard case .mistake = outcome else { return ["\(count) bytes are refused, all are not"] }
            isRefused = true
        case let early:
            if early != outcome { return ["\(count) bytes are \(early), all are \(outcome)"] }
        }
    }
    return []
}

/// What is written of a header reads back as the same, with a checksum and without.
private func roundTripFailures(of header: ProxyHeader) -> [String] {
    var failures: [String] = []
    for checksum in [false, true] {
        var written: [UInt8] = []
        header.append(to: &written, checksum: checksum)
        let again = ProxyOutcome(written[...])
        if again != .complete(header, length: written.count) { failures.append("\(header) reads back as \(again)") }
    }
    if let id = header.uniqueID, let trail = id.trail, Array(trail.description.utf8) != id.bytes {
        failures.append("\(trail) is written in two ways")
    }
    return failures
}
