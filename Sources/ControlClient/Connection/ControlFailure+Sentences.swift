// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import ControlProtocol
import Glibc
import LinuxSystem

extension ControlFailure {
    /// A path at which connect(2) failed, and the error.
    struct Attempt: Equatable {
        let path: String
        let error: SystemError

        /// Whether another path may be tried: no process listens on this one.
        var isAbsent: Bool { [ENOENT, ENOTDIR, ECONNREFUSED].contains(error.errno) }
    }

    /// No socket could be connected to.
    ///
    /// - Parameter attempts: at least one; the last one decides.
    static func notConnected(_ attempts: [Attempt], unit: String) -> ControlFailure {
        let tried = attempts.map { "\(TerminalText.safe($0.path)): \($0.error.reason)" }.joined(separator: ", ")
        guard let last = attempts.last else {
            return ControlFailure(.unreachable, "there is no place to look for usherd")
        }
        switch last.error.errno {
        case EACCES, EPERM:
            return ControlFailure(
                .denied,
                "\(TerminalText.safe(last.path)): \(last.error.reason): be root or a member of the group usherd"
                    + " (a new member logs in again)")
        case EPROTOTYPE:
            return ControlFailure(
                .usage, "\(TerminalText.safe(last.path)) is not a stream socket, so not that of usherd")
        case EAGAIN:
            return ControlFailure(
                .unreachable,
                "usherd accepts no connection at \(TerminalText.safe(last.path)): the backlog is full;"
                    + " `systemctl status \(unit)` shows whether it hangs")
        case _ where last.isAbsent:
            return ControlFailure(
                .unreachable,
                "cannot connect to usherd: \(tried) (is it running? `systemctl status \(unit)` shows it; if its"
                    + " socket has another path, use --control PATH)")
        default:
            return ControlFailure(
                .unreachable, "cannot connect to usherd: \(TerminalText.safe(last.path)): \(last.error)")
        }
    }

    /// The daemon has no control socket.
    static func off(in configuration: String) -> ControlFailure {
        ControlFailure(
            .unreachable,
            "usherd has no control socket: control of [daemon] is false in \(TerminalText.safe(configuration)); remove that"
                + " and restart usherd")
    }

    /// Nothing was received for `duration`.
    static func silent(_ path: String, _ duration: Duration, unit: String) -> ControlFailure {
        ControlFailure(
            .unreachable,
            "timed out: usherd at \(TerminalText.safe(path)) sent nothing for \(DurationText.format(duration));"
                + " `systemctl status \(unit)` shows whether it hangs")
    }

    /// The daemon closed the connection before its reply was complete.
    ///
    /// - Parameter isPartial: whether a part of a reply has been received.
    static func closed(_ path: String, isPartial: Bool, unit: String) -> ControlFailure {
        let what = "usherd closed the connection at \(TerminalText.safe(path))"
        return ControlFailure(
            .unreachable,
            isPartial
                ? "\(what) in the middle of its reply: it was stopped or restarted; `systemctl status \(unit)` shows it"
                : "\(what) without a reply: it is stopping, or has too many control clients; try again")
    }

    /// The daemon closed the connection over which it had sent records.
    static func ended(_ path: String, unit: String) -> ControlFailure {
        ControlFailure(
            .unreachable,
            "usherd at \(TerminalText.safe(path)) closed the connection: it was stopped or restarted;"
                + " `systemctl status \(unit)` shows it")
    }

    /// A read or a write failed.
    static func broken(_ path: String, _ error: SystemError, unit: String) -> ControlFailure {
        switch error.errno {
        case ECONNRESET, EPIPE: closed(path, isPartial: false, unit: unit)
        default: ControlFailure(.unreachable, "\(TerminalText.safe(path)): \(error)")
        }
    }

    /// The daemon and this program do not understand each other.
    ///
    /// - Parameters:
    ///   - what: what is not understood.
    ///   - version: that of the daemon; nil if it does not say it, so that it is not usherd.
    static func misunderstood(_ what: String, at path: String, daemon version: String?) -> ControlFailure {
        let path = TerminalText.safe(path)
        guard let version else {
            return ControlFailure(
                .unreachable,
                "\(path) is not the control socket of usherd (\(what)): name the right one with --control PATH")
        }
        return ControlFailure(
            .refused,
            "usherd at \(path) is version \(TerminalText.safe(version)) and usherctl is version \(Version.text) (\(what)):"
                + " install the same version of both, and restart usherd")
    }

    /// No listener has the name.
    ///
    /// - Parameter names: those that there are.
    static func noListener(_ name: String, among names: [String]) -> ControlFailure {
        missing("no listener is named \(TerminalText.safe(name))", name, names, "`usherctl status` lists them")
    }

    /// Some of the given numbers are those of no connection.
    ///
    /// - Parameters:
    ///   - numbers: those; empty if only their count is known.
    ///   - count: how many they are.
    ///   - given: how many numbers were given.
    ///   - isMatched: whether the connections had to match a filter too.
    package static func noConnections(
        _ numbers: [UInt64], count: Int, of given: Int, isMatched: Bool
    ) -> ControlFailure {
        let matched = isMatched ? " and matches the options" : ""
        let what =
            numbers.isEmpty
            ? "\(count) of \(given) numbers: no open connection has them\(matched)"
            : "no open connection has the number\(numbers.count == 1 ? "" : "s") \(list(numbers.map { "\($0)" }))\(matched)"
        return ControlFailure(.refused, "\(what); `usherctl connections` lists the open ones")
    }

    /// A listener has no upstream with the address, or several if its scheme was left out.
    ///
    /// - Parameter addresses: those of its upstreams.
    static func noUpstream(_ address: String, of listener: String, among addresses: [String]) -> ControlFailure {
        let listener = TerminalText.safe(listener)
        let alike = addresses.filter { $0.hasSuffix("://\(address)") }
        guard alike.isEmpty else {
            return ControlFailure(
                .refused,
                "listener \(listener) has several upstreams \(TerminalText.safe(address)): name one of \(list(alike))")
        }
        return missing(
            "listener \(listener) has no upstream \(TerminalText.safe(address))", address, addresses,
            "`usherctl status \(listener)` lists those that it has")
    }

    /// Something has not been found by its name.
    ///
    /// - Parameters:
    ///   - names: those that there are.
    ///   - advice: what to do if there are none.
    private static func missing(
        _ what: String, _ name: String, _ names: [String], _ advice: String
    ) -> ControlFailure {
        var others: [String] = []
        for name in names where !others.contains(name) { others.append(name) }
        guard !others.isEmpty else { return ControlFailure(.refused, "\(what); \(advice)") }
        guard let nearest = NearestName.find(name, among: others) else {
            return ControlFailure(.refused, "\(what); there \(others.count == 1 ? "is" : "are") \(list(others))")
        }
        others.removeAll { $0 == nearest }
        let question = "did you mean \(TerminalText.safe(nearest))?"
        guard !others.isEmpty else { return ControlFailure(.refused, "\(what): \(question)") }
        return ControlFailure(
            .refused, "\(what): \(question) There \(others.count == 1 ? "is" : "are") also \(list(others))")
    }

    /// The first names of a list, and how many more there are.
    private static func list(_ names: [String]) -> String {
        let most = 20
        let shown = names.prefix(most).map { TerminalText.safe($0) }.joined(separator: ", ")
        return names.count > most ? "\(shown) and \(names.count - most) more" : shown
    }

    /// A reload would fail.
    static func reloadWouldFail(_ reason: String) -> ControlFailure {
        ControlFailure(.refused, "the reload would fail: \(safeLines(reason))")
    }

    /// Any other error of the interface.
    static func refusal(_ error: VarlinkError, unit: String) -> ControlFailure {
        switch error {
        case .permissionDenied:
            ControlFailure(
                .denied,
                "permission denied: only root, the user of usherd and members of the group that operators of [daemon]"
                    + " names may do this")
        case .noSuchListener(let name): noListener(name, among: [])
        case .noSuchConnection(let number):
            ControlFailure(
                .refused, "no open connection has the number \(number); `usherctl connections` lists the open ones")
        case .noSuchUpstream(let address, let listener): noUpstream(address, of: listener, among: [])
        case .reloadFailed(let reason):
            ControlFailure(.refused, "the reload failed, and the configuration in force stays: \(safeLines(reason))")
        case .stopping: ControlFailure(.refused, "usherd is stopping and refuses this")
        case .laneSilent(let number):
            ControlFailure(
                .refused,
                "lane \(number) of usherd does not answer, so its connections cannot be listed; `systemctl status \(unit)`"
                    + " shows whether the watchdog has restarted usherd")
        case .invalidParameter(let name):
            ControlFailure(.refused, "usherd refuses the value of \(TerminalText.safe(name))")
        case .expectedMore: ControlFailure(.refused, "usherd has several replies where usherctl expects one")
        case .interfaceNotFound(let name), .methodNotFound(let name):
            ControlFailure(.refused, "usherd does not know \(TerminalText.safe(name))")
        }
    }

    /// Escaped text that keeps its lines.
    private static func safeLines(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { TerminalText.safe(String($0)) }
            .joined(separator: "\n")
    }
}
