// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

/// A fuzzer of modules. libFuzzer brings the entry point of the program.
///
/// Linked by lld: gold warns of each of the address sanitizer's symbols.
func fuzzer(_ name: String, of modules: String...) -> Target {
    .executableTarget(
        name: name, dependencies: modules.map { .product(name: $0, package: "usher") },
        swiftSettings: [.swiftLanguageMode(.v6), .unsafeFlags(["-parse-as-library"])],
        linkerSettings: [.unsafeFlags(["-use-ld=lld"])])
}

let package = Package(
    name: "Fuzz",
    dependencies: [.package(name: "usher", path: "../..")],
    targets: [
        fuzzer("FuzzTOML", of: "TOML"),
        fuzzer("FuzzEndpoint", of: "Addresses"),
        fuzzer("FuzzProxyHeader", of: "ProxyProtocol"),
        fuzzer("FuzzDatagrams", of: "LinuxSystem", "Addresses"),
        fuzzer("FuzzConfiguration", of: "Services", "Configuration", "Addresses"),
        fuzzer("FuzzRecords", of: "Records", "Addresses", "LinuxSystem"),
        fuzzer("FuzzFrames", of: "Services", "Relaying", "Configuration"),
        fuzzer("FuzzChat", of: "Services", "Records"),
        fuzzer(
            "FuzzFramedConnection", of: "Services", "Relaying", "Configuration", "Records", "TOML", "Addresses",
            "LinuxSystem", "Reactor", "TestSupport"),
        fuzzer(
            "FuzzRelay", of: "Services", "Relaying", "Configuration", "Records", "TOML", "Addresses", "LinuxSystem",
            "Reactor", "TestSupport"),
        fuzzer(
            "FuzzControl", of: "Services", "ControlProtocol", "Reactor", "LinuxSystem", "Addresses", "Records",
            "TestSupport"),
        fuzzer("FuzzPassedSockets", of: "Supervisor", "Addresses", "LinuxSystem"),
    ]
)
