// SPDX-License-Identifier: Apache-2.0

import Addresses
import Services

@testable import Configuration

/// What holds for whatever bytes are a configuration, in sentences where it does not. Fuzzing checks the same.
func configurationInvariantFailures(of bytes: [UInt8]) -> [String] {
    var failures = check([("usherd.toml", bytes)])
    // As a file and a fragment beside it, parted at the beginning of a line.
    let lines = bytes.indices.filter { bytes[$0] == 10 }
    for end in lines.prefix(3) {
        failures += check([("usherd.toml", Array(bytes[...end])), ("conf.d/x.toml", Array(bytes[(end + 1)...]))])
    }
    return failures
}

private func check(_ files: [(path: String, bytes: [UInt8])]) -> [String] {
    let (configuration, problems) = Configuration.parse(
        files: files, services: ServiceDescriptor.schemas, host: AnyHost())
    var failures: [String] = []
    for problem in problems {
        if problem.message.isEmpty { failures.append("a problem without words") }
        // Made of whatever the file holds: with its excerpt, its place and what to do.
        let text = problem.description
        if text.utf8.contains(where: { ($0 < 0x20 && $0 != 10) || $0 == 0x7f }) {
            failures.append("a control byte in: \(text.debugDescription)")
        }
        if problem.summary.isEmpty { failures.append("a problem without a summary") }
    }
    if configuration == nil, problems.isEmpty { failures.append("no configuration, and nothing is wrong") }
    if let configuration {
        for listener in configuration.listeners {
            if listener.name.isEmpty { failures.append("a listener without a name") }
        }
    }
    let again = Configuration.parse(files: files, services: ServiceDescriptor.schemas, host: AnyHost())
    if again.1 != problems { failures.append("other problems the second time") }
    return failures
}

/// A host that knows every name, so that nothing stops at one.
private struct AnyHost: HostLookup {
    func addresses(of host: String, port: UInt16) throws(NameLookupFailure) -> [SocketAddress] {
        guard !host.hasPrefix("x") else { throw NameLookupFailure(reason: "Name or service not known") }
        return [.ipv4(.loopback, port: port), .ipv6(.loopback, port: port, scope: 0)]
    }

    func user(named name: String) throws(NameLookupFailure) -> UInt32? { name.hasPrefix("x") ? nil : 1000 }

    func group(named name: String) throws(NameLookupFailure) -> UInt32? { name.hasPrefix("x") ? nil : 1000 }

    func interface(named name: String) -> UInt32? { name.hasPrefix("x") ? nil : 2 }

    func ownAddresses() -> [SocketAddress] { [.ipv4(.loopback, port: 0), .ipv6(.loopback, port: 0, scope: 0)] }
}
