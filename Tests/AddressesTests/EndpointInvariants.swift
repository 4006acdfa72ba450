// SPDX-License-Identifier: Apache-2.0

import Addresses

/// What holds for whatever bytes are read as an ``Endpoint``, in sentences where it does not. Fuzzing checks the same.
func endpointInvariantFailures(of bytes: [UInt8]) -> [String] {
    do throws(EndpointSyntaxError) {
        return roundTripFailures(of: try Endpoint(parsing: bytes))
    } catch {
        return failures(of: error, in: bytes)
    }
}

/// What is written down of an endpoint reads back as the same, and is written down in the same way.
private func roundTripFailures(of endpoint: Endpoint) -> [String] {
    var text: [UInt8] = []
    endpoint.append(to: &text)
    do throws(EndpointSyntaxError) {
        let again = try Endpoint(parsing: text)
        var failures: [String] = []
        if again != endpoint { failures.append("\(endpoint) reads back as \(again)") }
        if again.description != endpoint.description { failures.append("\(endpoint) is written as \(again)") }
        return failures
    } catch {
        return ["\(endpoint) does not read back: \(error)"]
    }
}

/// Each mistake has a place in the text, and words.
private func failures(of error: EndpointSyntaxError, in bytes: [UInt8]) -> [String] {
    var failures: [String] = error.mistakes.isEmpty ? ["a mistake that is not said"] : []
    for mistake in error.mistakes {
        if mistake.message.isEmpty { failures.append("a mistake without words") }
        if mistake.range.lowerBound < 0 || mistake.range.upperBound > bytes.count {
            failures.append("\(mistake.message): \(mistake.range) is not in \(bytes.count) bytes")
        }
    }
    let starts = error.mistakes.map(\.range.lowerBound)
    if starts != starts.sorted() { failures.append("mistakes are out of order") }
    return failures
}
