// SPDX-License-Identifier: Apache-2.0

import Addresses
import ArgumentParser
import Configuration
import LinuxSystem
import SocketClient

/// What `connect`, `send` and `receive` have in common.
struct ClientOptions: ParsableArguments {
    @Flag(help: "Print and read bytes as hexadecimal digits, one message a line.")
    var hex = false

    @Option(
        help: ArgumentHelp("How long to wait: 500ms, 10s, 1m; 0s is for ever.", valueName: "duration"),
        transform: ClientOptions.duration)
    var timeout: Duration?

    @Argument(
        help: "Such as tcp://HOST:PORT, unix:///PATH, vsock://CID:PORT, can://INTERFACE.",
        transform: ClientOptions.endpoint)
    var address: Endpoint

    /// Reads a duration.
    static func duration(_ text: String) throws -> Duration {
        do throws(DurationText.Mistake) {
            return try DurationText.parse(text)
        } catch {
            throw ValidationError("\(error.message); \(error.help)")
        }
    }

    /// Reads an address.
    static func endpoint(_ text: String) throws -> Endpoint {
        do throws(EndpointSyntaxError) {
            return try Endpoint(parsing: text)
        } catch {
            throw ValidationError(error.description)
        }
    }

    /// Reads the address to come from: the port may be left out, and the scheme, which is that of the other side.
    func source(_ text: String) throws -> Endpoint {
        let whole = text.contains("://") ? text : "\(address.scheme.rawValue)://\(text)"
        // A path may end like a port.
        if !address.scheme.isUnix, let endpoint = try? Endpoint(parsing: "\(whole):0") { return endpoint }
        do throws(EndpointSyntaxError) {
            return try Endpoint(parsing: whole)
        } catch {
            throw ValidationError("--source \(text): \(error.description)")
        }
    }

    /// A client with these options.
    func settings(_ purpose: ClientSettings.Purpose) -> ClientSettings {
        var settings = ClientSettings(purpose, address)
        settings.isHex = hex
        settings.timeout = timeout
        return settings
    }

    /// Does it; a failure is told on standard error and by the exit status.
    static func run(_ settings: ClientSettings) throws {
        do throws(ClientFailure) {
            try Client.run(settings)
        } catch {
            var standardError = StandardError()
            print("usherctl: \(error.message)", to: &standardError)
            throw ExitCode(error.reason.rawValue)
        }
    }
}
