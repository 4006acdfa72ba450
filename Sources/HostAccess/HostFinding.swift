// SPDX-License-Identifier: Apache-2.0

public import Configuration
import LinuxSystem

/// A condition on the host that would keep a valid configuration from working.
public struct HostFinding: Hashable, Sendable {
    /// The place in the configuration; nil if the setting is a default.
    public var origin: SettingOrigin?

    /// What is wrong: a sentence without a capital letter and a full stop.
    public var message: String

    /// How to correct it.
    public var help: String

    init(_ message: String, at origin: SettingOrigin?, help: String) {
        self.origin = origin
        self.message = message
        self.help = help
    }
}

extension HostFinding {
    /// What would keep this process from opening the log files and the Unix sockets of a configuration.
    ///
    /// Blocks as long as the disk and the name service take; opens and changes nothing.
    public static func obstacles(to configuration: Configuration) -> [HostFinding] {
        let user = Account.ofThisProcess
        var check = HostCheck(
            as: user, isService: user.name == CheckRequest.serviceUser, isRunning: true,
            SystemHostFacts(configurationPath: ""))
        check.checkWhatIsOpened(by: configuration)
        return check.findings
    }

    /// The text in one line.
    public var sentence: String {
        let place = origin.map { "\($0): " } ?? ""
        return TerminalText.safe("\(place)\(message); \(help)")
    }
}

extension HostFinding: CustomStringConvertible {
    /// The text for people, in lines without a newline at the end: `FILE:LINE:COLUMN: note: MESSAGE` and `help: HELP`.
    public var description: String {
        let place = origin.map { "\(TerminalText.safe($0.description)): " } ?? ""
        return "\(place)note: \(TerminalText.safe(message))\nhelp: \(TerminalText.safe(help))"
    }
}
