// SPDX-License-Identifier: Apache-2.0

/// What a listener gives to whoever comes: `service`, with the keys that belong to it.
public enum ServiceSettings: Hashable, Sendable {
    /// Everything comes back, RFC 862.
    case echo
    /// Everything is thrown away, RFC 863.
    case discard
    /// The date and time as a line of text, RFC 867.
    case daytime
    /// The seconds since 1900 as four bytes, RFC 868.
    case time
    /// Lines of 72 characters without end, RFC 864.
    case chargen
    /// A room in which everybody reads what the others write.
    case chat
    /// A relay to others.
    case forward(ForwardSettings)

    /// Whether it answers a datagram with more than it was asked, so that who asks in the name of a victim floods it.
    public var amplifies: Bool {
        switch self {
        case .daytime, .chargen: true
        case .echo, .discard, .time, .chat, .forward: false
        }
    }

    /// Whether its connections talk to each other, so that all of a listener have to be on one lane.
    public var sharesOneLane: Bool {
        switch self {
        case .chat: true
        case .echo, .discard, .daytime, .time, .chargen, .forward: false
        }
    }

    /// The name as it stands in the file and in records.
    public var name: String {
        switch self {
        case .echo: "echo"
        case .discard: "discard"
        case .daytime: "daytime"
        case .time: "time"
        case .chargen: "chargen"
        case .chat: "chat"
        case .forward: "forward"
        }
    }
}
