// SPDX-License-Identifier: Apache-2.0

public import Configuration

/// Something about the host that would keep a valid configuration from working.
public struct HostFinding: Hashable, Sendable {
    /// Where the configuration asks for it; nil where it does not say so itself.
    public var origin: SettingOrigin?

    /// What is wrong, as a sentence without its capital letter and full stop.
    public var message: String

    /// What to do about it.
    public var help: String

    init(_ message: String, at origin: SettingOrigin?, help: String) {
        self.origin = origin
        self.message = message
        self.help = help
    }
}

extension HostFinding: CustomStringConvertible {
    /// For people, in lines without a newline at the end: `FILE:LINE:COLUMN: note: MESSAGE` and `help: HELP`.
    public var description: String {
        let place = origin.map { "\(TerminalText.safe($0.description)): " } ?? ""
        return "\(place)note: \(TerminalText.safe(message))\nhelp: \(TerminalText.safe(help))"
    }
}
