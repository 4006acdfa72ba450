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
        .target(name: "Addresses", swiftSettings: strict),
        .target(name: "LinuxSystem", dependencies: ["Addresses", "CLinux", "CSystemd"], swiftSettings: strict),
        .target(name: "TOML", swiftSettings: strict),
        .target(name: "ProxyProtocol", dependencies: ["Addresses"], swiftSettings: strict),
        .target(name: "Policy", dependencies: ["Addresses"], swiftSettings: strict),
        .target(
            name: "Configuration", dependencies: ["TOML", "ProxyProtocol", "Policy", "Relaying", "Addresses"],
            swiftSettings: strict
        ),
        .target(
            name: "Relaying", dependencies: ["Addresses"], swiftSettings: strict),
        .target(
            name: "HostAccess", dependencies: ["Configuration", "Addresses", "LinuxSystem"], swiftSettings: strict),
        .target(name: "Records", dependencies: ["Addresses", "LinuxSystem", "CSystemd"], swiftSettings: strict),
        .target(
            name: "Reactor",
            dependencies: ["Policy", "Addresses", "LinuxSystem", "Records", "ProxyProtocol", "CLinux"],
            swiftSettings: strict),
        .target(name: "ControlProtocol", dependencies: ["Addresses"], swiftSettings: strict),
        .target(
            name: "Services",
            dependencies: [
                "ControlProtocol", "Reactor", "Records", "Configuration", "Relaying", "ProxyProtocol", "Addresses",
                "LinuxSystem",
            ],
            swiftSettings: strict),
        .target(
            name: "Supervisor",
            dependencies: [
                "ControlProtocol", "Services", "Reactor", "Records", "HostAccess", "Configuration", "Policy",
                "Addresses", "LinuxSystem",
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "usherd", dependencies: ["Supervisor", "LinuxSystem"],
            swiftSettings: strict),
        .target(name: "SocketClient", dependencies: ["Addresses", "LinuxSystem", "CEdit"], swiftSettings: strict),
        .target(
            name: "ControlClient",
            dependencies: ["ControlProtocol", "Records", "Configuration", "TOML", "Addresses", "LinuxSystem"],
            swiftSettings: strict),
        .executableTarget(
            name: "usherctl",
            dependencies: [
                "ControlClient", "ControlProtocol", "Services", "Records", "HostAccess", "Configuration",
                "SocketClient", "Addresses", "LinuxSystem",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),

        .target(
            name: "TestSupport",
            dependencies: ["Reactor", "Records", "Configuration", "Policy", "Addresses", "LinuxSystem", "CLinux"],
            path: "Tests/TestSupport"),
        .testTarget(name: "PolicyTests", dependencies: ["Policy", "Addresses"]),
        .testTarget(name: "RelayingTests", dependencies: ["Relaying", "Addresses", "TestSupport"]),
        .testTarget(name: "ControlProtocolTests", dependencies: ["ControlProtocol"]),
        .testTarget(name: "AddressesTests", dependencies: ["Addresses", "TestSupport"]),
        .testTarget(name: "LinuxSystemTests", dependencies: ["Addresses", "LinuxSystem", "CLinux", "TestSupport"]),
        .testTarget(name: "TOMLTests", dependencies: ["TOML", "TestSupport"], exclude: ["Corpus"]),
        .testTarget(name: "ProxyProtocolTests", dependencies: ["ProxyProtocol", "Addresses"]),
        .testTarget(
            name: "ConfigurationTests",
            dependencies: ["Relaying", "Services", "Configuration", "TOML", "Policy", "Addresses", "TestSupport"],
            exclude: ["Golden"]),
        .testTarget(
            name: "HostAccessTests",
            dependencies: ["Services", "HostAccess", "Configuration", "Addresses", "LinuxSystem", "TestSupport"]),
        .testTarget(name: "RecordsTests", dependencies: ["Records", "Addresses", "LinuxSystem"]),
        .testTarget(
            name: "ReactorTests",
            dependencies: ["Reactor", "Records", "Policy", "ProxyProtocol", "Addresses", "LinuxSystem", "TestSupport"]),
        .testTarget(
            name: "ServicesTests",
            dependencies: [
                "ControlProtocol", "Services", "Relaying", "Reactor", "Records", "Configuration", "TOML", "Addresses",
                "LinuxSystem", "TestSupport",
            ]),
        .testTarget(
            name: "SupervisorTests",
            dependencies: [
                "ControlProtocol", "Supervisor", "Services", "Records", "HostAccess", "Configuration", "Addresses",
                "LinuxSystem", "TestSupport", "TOML",
            ]),
        .testTarget(
            name: "SocketClientTests", dependencies: ["SocketClient", "Addresses", "LinuxSystem"]),
        .testTarget(
            name: "ControlClientTests",
            dependencies: ["ControlClient", "ControlProtocol", "Configuration", "LinuxSystem", "TestSupport"]),
        .testTarget(
            name: "EndToEnd", dependencies: ["TestSupport"], path: "Tests/EndToEnd",
            exclude: ["Chaos/driver.c", "Client/fetch-varlink", "Datagrams/flood.c"]),
    ],
    cLanguageStandard: .gnu17
)

// What Tests/Fuzz links, a package of its own, whose build sets the variable.
if Context.environment["USHER_FUZZ"] != nil {
    let modules = [
        "Addresses", "LinuxSystem", "TOML", "ProxyProtocol", "Policy", "Relaying", "Configuration", "HostAccess",
        "Records", "Reactor", "ControlProtocol", "Services", "Supervisor", "TestSupport",
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
