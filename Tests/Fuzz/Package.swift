// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "Fuzz",
    dependencies: [.package(name: "usher", path: "../..")],
    targets: [
        .executableTarget(
            name: "FuzzTOML", dependencies: [.product(name: "TOML", package: "usher")],
            swiftSettings: [.swiftLanguageMode(.v6), .unsafeFlags(["-parse-as-library"])])
    ]
)
