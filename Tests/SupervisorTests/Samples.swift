// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import LinuxSystem
import Services
import TOML

@testable import Supervisor

/// A configuration as it would be read from this text, on a host that knows no names.
func configuration(_ text: String, path: String = "test.toml") throws -> Configuration {
    let (configuration, problems) = Configuration.parse(
        files: [(path: path, bytes: Array(text.utf8))], services: ServiceDescriptor.schemas, host: NamelessHost())
    guard let configuration else { throw InvalidSample(problems: problems.map(\.description)) }
    return configuration
}

/// The listener `test` that listens on these addresses.
func listener(_ addresses: String..., path: String = "test.toml") throws -> ListenerSettings {
    let list = addresses.map { "\"\($0)\"" }.joined(separator: ", ")
    let text = "[listener.test]\nlisten = [\(list)]\nservice = \"echo\"\n"
    guard let first = try configuration(text, path: path).listeners.first else { throw InvalidSample(problems: []) }
    return first
}

/// A test that does not say what it means to.
struct InvalidSample: Error {
    var problems: [String]
}

/// A host without name service.
struct NamelessHost: HostLookup {
    func addresses(of host: String, port: UInt16) throws(NameLookupFailure) -> [SocketAddress] {
        guard host == "two.example" else { throw NameLookupFailure(reason: "no names here") }
        return [.ipv4(.loopback, port: port), .ipv6(.loopback, port: port, scope: 0)]
    }

    func user(named name: String) throws(NameLookupFailure) -> UInt32? { nil }
    func group(named name: String) throws(NameLookupFailure) -> UInt32? { nil }
    func interface(named name: String) -> UInt32? { nil }
    func ownAddresses() -> [SocketAddress] { [] }
}
