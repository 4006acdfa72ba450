// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem

/// Sends to and receives from a socket of any family, for `usherctl`.
public enum Client {
    /// Runs a client on the standard descriptors.
    ///
    /// A signal such as SIGINT restores the terminal and then ends the process with its default action.
    ///
    /// - Throws: why the client failed.
    public static func run(_ settings: ClientSettings) throws(ClientFailure) {
        // If a standard descriptor is closed, the socket would get its number.
        StandardDescriptors.fill()
        let target = try Target(settings.endpoint, for: settings.listens ? .listening : .connecting)
        let source = try source(of: settings, for: target)
        if case .send = settings.purpose, target.addresses == [.can(.any, .none)] {
            throw ClientFailure(
                .usage, "\(settings.endpoint): one can listen on every bus, but not send to all; write one")
        }
        let interruption: Interruption
        do throws(SystemError) {
            interruption = try Interruption()
        } catch {
            throw failure(of: error)
        }
        let socket: ClientSocket
        let console = Console(takesInput: settings.takesInput)
        do throws(ClientFailure) {
            let connector = Connector(settings: settings, interruption: interruption)
            socket =
                settings.listens
                ? try connector.listen(on: target) { console.say($0) } : try connector.connect(to: target, from: source)
        } catch {
            if let signal = interruption.pending { Interruption.die(of: signal) }
            throw error
        }
        try talk(on: socket, console, interruption, settings)
    }

    private static func source(of settings: ClientSettings, for target: Target) throws(ClientFailure) -> Target? {
        guard let endpoint = settings.source else { return nil }
        let source = try Target(endpoint, for: .source)
        guard source.kind == target.kind, !settings.listens, target.kind != .can else {
            throw ClientFailure(
                .usage,
                "--source is for clients that connect, and must have the address family of the peer")
        }
        return source
    }

    private static func talk(
        on socket: ClientSocket, _ console: Console, _ interruption: Interruption, _ settings: ClientSettings
    ) throws(ClientFailure) {
        var message: [UInt8]?
        if case .send(let bytes) = settings.purpose { message = bytes }
        if console.isInteractive {
            console.say(
                "\(settings.listens && socket.kind.isDatagram ? "waiting at" : "connected to") \(socket.name); q or Ctrl-D ends it"
            )
        }
        let session = Session(
            socket, console, interruption, settings.dialogue(socket.kind, isInteractive: console.isInteractive))
        console.beginEditing()
        let end: DialogueEnd
        do throws(SystemError) {
            let result = try session.run(sending: message)
            console.endEditing()
            switch result {
            case .success(let success): end = success
            case .failure(let signal):
                socket.removeFile()
                Interruption.die(of: signal.number)
                return
            }
        } catch {
            console.endEditing()
            throw failure(of: error)
        }
        switch end {
        case .finished: return
        case .silent:
            throw settings.waits ? ClientFailure.nothingCame(socket.name) : ClientFailure.timedOut(socket.name)
        case .badInput(let line, let mistake):
            throw ClientFailure(.badInput, "line \(line) of the input: \(mistake.message)")
        case .failed(let error): throw ClientFailure(error, .talking, socket.name, kind: socket.kind)
        }
    }

    private static func failure(of error: SystemError) -> ClientFailure {
        ClientFailure(.broken, "the system refuses what every program needs: \(error)")
    }
}
