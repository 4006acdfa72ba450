// swift-tools-version: 6.2
import PackageDescription

/// What every Swift target is held to. `strictMemorySafety` makes each line that leaves memory safety say `unsafe`.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    // The seam through which tests make system calls fail; a release build has none of it.
    .define("FAULT_INJECTION", .when(configuration: .debug)),
]

let package = Package(
    name: "usher",
    products: [
        .executable(name: "usherd", targets: ["usherd"]),
        .executable(name: "usherctl", targets: ["usherctl"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0")
    ],
    targets: [
        .target(name: "CLinux"),
        .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
        // usherctl alone links it.
        .systemLibrary(name: "CEdit", pkgConfig: "libedit", providers: [.apt(["libedit-dev"])]),
        .target(name: "LinuxSystem", dependencies: ["CLinux", "CSystemd"], swiftSettings: strict),
        .target(name: "TOML", swiftSettings: strict),
        .target(name: "ProxyProtocol", dependencies: ["LinuxSystem"], swiftSettings: strict),
        .target(name: "Configuration", dependencies: ["TOML", "ProxyProtocol", "LinuxSystem"], swiftSettings: strict),
        .target(name: "Records", dependencies: ["LinuxSystem", "CSystemd"], swiftSettings: strict),
        .target(
            name: "Reactor", dependencies: ["LinuxSystem", "Records", "ProxyProtocol"], swiftSettings: strict),
        .target(
            name: "Services", dependencies: ["Reactor", "Records", "Configuration", "ProxyProtocol", "LinuxSystem"],
            swiftSettings: strict),
        .target(
            name: "Supervisor",
            dependencies: ["Services", "Reactor", "Records", "Configuration", "LinuxSystem"],
            swiftSettings: strict),
        .executableTarget(
            name: "usherd", dependencies: ["Supervisor", "Configuration", "LinuxSystem"], swiftSettings: strict),
        .target(name: "SocketClient", dependencies: ["LinuxSystem", "CEdit"], swiftSettings: strict),
        .executableTarget(
            name: "usherctl",
            dependencies: [
                "Configuration", "SocketClient", "LinuxSystem",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),

        .target(
            name: "TestSupport", dependencies: ["Reactor", "Records", "LinuxSystem", "CLinux"],
            path: "Tests/TestSupport"),
        .testTarget(name: "LinuxSystemTests", dependencies: ["LinuxSystem", "TestSupport"]),
        .testTarget(name: "TOMLTests", dependencies: ["TOML", "TestSupport"], exclude: ["Corpus"]),
        .testTarget(name: "ProxyProtocolTests", dependencies: ["ProxyProtocol", "LinuxSystem"]),
        .testTarget(
            name: "ConfigurationTests", dependencies: ["Configuration", "TOML", "LinuxSystem", "TestSupport"],
            exclude: ["Golden"]),
        .testTarget(name: "RecordsTests", dependencies: ["Records", "LinuxSystem", "TestSupport"]),
        .testTarget(name: "ReactorTests", dependencies: ["Reactor", "Records", "LinuxSystem", "TestSupport"]),
        .testTarget(
            name: "ServicesTests",
            dependencies: ["Services", "Reactor", "Records", "Configuration", "TOML", "LinuxSystem", "TestSupport"]),
        .testTarget(
            name: "SupervisorTests",
            dependencies: [
                "Supervisor", "Services", "Reactor", "Records", "Configuration", "LinuxSystem", "TestSupport",
            ]),
        .testTarget(name: "SocketClientTests", dependencies: ["SocketClient", "LinuxSystem", "TestSupport"]),
        .testTarget(
            name: "EndToEnd", dependencies: ["TestSupport", "LinuxSystem"], path: "Tests/EndToEnd",
            exclude: ["Chaos/driver.c", "Datagrams/flood.c"]),
    ],
    cLanguageStandard: .gnu17
)

// What Tests/Fuzz links, a package of its own, whose build sets the variable.
if Context.environment["USHER_FUZZ"] != nil {
    let modules = [
        "LinuxSystem", "TOML", "ProxyProtocol", "Configuration", "Records", "Reactor", "Services", "Supervisor",
        "TestSupport",
    ]
    package.products += modules.map { .library(name: $0, targets: [$0]) }
}

// The modules of tests that scripts/sanitize builds, with nothing that they do not need.
if let suites = Context.environment["USHER_SUITES"]?.split(separator: " ") {
    package.products = []
    package.dependencies = []
    package.targets.removeAll { target in
        target.type == .executable || target.type == .test && !suites.contains { $0 == target.name }
    }
}
