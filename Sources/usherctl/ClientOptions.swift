// SPDX-License-Identifier: Apache-2.0

import Addresses
import ArgumentParser
import Configuration
import LinuxSystem
import SocketClient

/// The common options of `connect`, `send` and `receive`.
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

    /// Parses a duration.
    static func duration(_ text: String) throws -> Duration {
        do throws(DurationText.Mistake) {
            return try DurationText.parse(text)
        } catch {
            throw ValidationError("\(error.message); \(error.help)")
        }
    }

    /// Parses an address.
    static func endpoint(_ text: String) throws -> Endpoint {
        do throws(EndpointSyntaxError) {
            return try Endpoint(parsing: text)
        } catch {
            throw ValidationError(error.description)
        }
    }

    /// Parses the address of `--source`. The port may be omitted, and the scheme, which is then that of the peer.
    func source(_ text: String) throws -> Endpoint {
        let whole = text.contains("://") ? text : "\(address.scheme.rawValue)://\(text)"
        // A path is taken as it is: it may itself end in a colon and digits.
        if !address.scheme.isUnix, let endpoint = try? Endpoint(parsing: "\(whole):0") { return endpoint }
        do throws(EndpointSyntaxError) {
            return try Endpoint(parsing: whole)
        } catch {
            throw ValidationError("--source \(text): \(error.description)")
        }
    }

    /// The settings of a client with these options.
    func settings(_ purpose: ClientSettings.Purpose) -> ClientSettings {
        var settings = ClientSettings(purpose, address)
        settings.isHex = hex
        settings.timeout = timeout
        return settings
    }

    /// Runs a client. A failure is printed to standard error, and sets the exit status.
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
