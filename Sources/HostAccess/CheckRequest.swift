// SPDX-License-Identifier: Apache-2.0

import Addresses
public import Configuration
import LinuxSystem

/// The check of `usherd --check` and `usherctl check`: reads a configuration and examines the host as usherd's user.
///
/// Sockets are bound only for a moment and never listen, and a running daemon is not contacted.
public struct CheckRequest: Sendable {
    /// The main file.
    public var path = Configuration.defaultPath

    /// The services that a listener may have.
    public var services: [ServiceSchema]

    /// Whether to examine the host; off in CI, where the host is a different one.
    public var checksHost = true

    /// Whether a note is a failure.
    public var isStrict = false

    /// The user that usherd runs as; nil for the service's account if root asks and it exists, else the caller.
    public var user: String?

    /// Makes a request for the default path.
    public init(services: [ServiceSchema]) { self.services = services }

    /// The account of the shipped unit.
    public static let serviceUser = "usherd"

    /// Why a check is impossible, as a sentence.
    public struct Refusal: Error, Equatable, Sendable {
        /// The sentence.
        public let message: String
    }

    /// The result of a check.
    public struct Outcome: Sendable {
        /// The text for standard output.
        public var output = ""
        /// The messages for standard error, each after the program's name and a colon; escaped for terminals.
        public var messages: [String] = []
        /// The exit status.
        public var status: CInt = 0
    }

    /// Runs the check. Call it while the process has one thread: it changes the effective user.
    public func run() throws(Refusal) -> Outcome {
        guard checksHost else { return outcome(load(), findings: [], remark: nil) }
        let user = try checkedUser()
        // The shipped unit applies to its own account only.
        var check = HostCheck(
            as: user, isService: user.name == Self.serviceUser, SystemHostFacts(configurationPath: path))
        let loaded: Loaded
        do throws(SystemError) {
            loaded = try user.perform {
                let loaded = load()
                if let configuration = loaded.configuration { check.checkPaths(of: configuration) }
                return loaded
            }
        } catch {
            throw Refusal(
                message: "cannot check the permissions of the user \(user.name): \(error); --no-host skips that")
        }
        guard let configuration = loaded.configuration else {
            // A file that is unreadable here may be readable to the caller.
            let isAnother = user.name != Account.ofThisProcess.name
            let remark =
                isAnother
                ? "checked with the permissions of the user \(user.name); --user NAME checks those of another" : nil
            return outcome(loaded, findings: [], remark: remark)
        }
        check.checkRest(of: configuration)
        let remark =
            "checked with the permissions of the user \(user.name); what the sandbox of its unit allows (ReadWritePaths=,"
            + " RestrictAddressFamilies=) was not checked"
        return outcome(loaded, findings: check.findings, remark: remark)
    }

    private struct Loaded {
        var configuration: Configuration?
        var problems: [ConfigurationProblem]
    }

    private func load() -> Loaded {
        let (configuration, problems) = Configuration.load(path: path, services: services, host: SystemHostLookup())
        return Loaded(configuration: configuration, problems: problems)
    }

    private func outcome(_ loaded: Loaded, findings: [HostFinding], remark: String?) -> Outcome {
        var outcome = Outcome()
        guard let configuration = loaded.configuration else {
            outcome.messages = [ConfigurationProblem.report(loaded.problems)]
            if let remark { outcome.messages.append(remark) }
            outcome.status = ExitStatus.configuration
            return outcome
        }
        outcome.output = configuration.summary
        let notes = configuration.notes.map(\.description) + findings.map(\.description)
        if !notes.isEmpty {
            let count = notes.count == 1 ? "1 note" : "\(notes.count) notes"
            outcome.messages.append(([count] + notes).joined(separator: "\n\n"))
            if isStrict { outcome.status = ExitStatus.unavailable }
        }
        if let remark { outcome.messages.append(remark) }
        return outcome
    }

    private func checkedUser() throws(Refusal) -> Account {
        let caller = Account.ofThisProcess
        guard let name = user ?? (caller.user == 0 ? Self.serviceUser : nil), name != caller.name else { return caller }
        let account: Account?
        do throws(NameLookupFailure) {
            account = try Account(named: name)
        } catch {
            throw Refusal(message: "cannot look the user \(name) up: \(error.reason)")
        }
        guard let account else {
            // The service's account was only a default, so its absence is no error.
            guard user != nil else { return caller }
            throw Refusal(message: "this host has no user \(TerminalText.safe(name)); `getent passwd` shows the users")
        }
        guard caller.user == 0 || account.user == caller.user else {
            throw Refusal(message: "only root can check the permissions of another user: use sudo, or leave out --user")
        }
        return account
    }
}
