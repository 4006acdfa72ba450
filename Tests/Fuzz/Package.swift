// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

/// A fuzzer of `module`. libFuzzer brings the entry point of the program.
func fuzzer(_ name: String, of module: String) -> Target {
    .executableTarget(
        name: name, dependencies: [.product(name: module, package: "usher")],
        swiftSettings: [.swiftLanguageMode(.v6), .unsafeFlags(["-parse-as-library"])])
}

let package = Package(
    name: "Fuzz",
    dependencies: [.package(name: "usher", path: "../..")],
    targets: [
        fuzzer("FuzzTOML", of: "TOML"),
        fuzzer("FuzzEndpoint", of: "LinuxSystem"),
        fuzzer("FuzzProxyHeader", of: "ProxyProtocol"),
    ]
)
