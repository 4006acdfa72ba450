// SPDX-License-Identifier: Apache-2.0

import Records

extension Room {
    /// The answer to `/help`.
    static let help: StaticString = """
        * What you write goes to everyone else here, line by line. Lines are UTF-8, of at most 4096 bytes.
        * /nick NAME  change your name: up to 32 printable characters, no blanks, none of < > / : # @ *
        * /who        who is here
        * /quit       leave
        * /help       this
        * //...       say a line that begins with a slash

        """
}

extension MemberName.Problem {
    /// The answer to the member that chose the name.
    var answer: StaticString {
        switch self {
        case .tooLong: "* That name is too long: the limit is 32 characters.\n"
        case .unfit: "* That name is not allowed: only printable characters, no blanks, none of < > / : # @ *\n"
        }
    }
}

extension Departure {
    /// The end of the announcement, behind the name or the names.
    func announcement(isPlural: Bool) -> StaticString {
        switch self {
        case .left: " left"
        case .lost: isPlural ? " lost their connections" : " lost the connection"
        case .dropped:
            isPlural ? " were disconnected: they did not read" : " was disconnected: it did not read"
        case .ended(.idleTimeout):
            isPlural
                ? " were disconnected after being idle for too long" : " was disconnected after being idle for too long"
        case .ended(.lifetime):
            isPlural
                ? " were disconnected: their connections reached their lifetime"
                : " was disconnected: its connection reached its lifetime"
        case .ended(.closedByOperator):
            isPlural ? " were disconnected by the operator" : " was disconnected by the operator"
        case .ended: isPlural ? " were disconnected" : " was disconnected"
        }
    }
}

extension CloseReason {
    /// The last line that a member is sent before its connection is closed.
    var goodbye: StaticString {
        switch self {
        case .stopped: "* The server is stopping. Goodbye.\n"
        case .drained: "* This room is closed. Goodbye.\n"
        case .idleTimeout: "* You have been idle for too long. Goodbye.\n"
        case .lifetime: "* Your connection reached its lifetime. Goodbye.\n"
        case .closedByOperator: "* The operator closed your connection. Goodbye.\n"
        default: "* Goodbye.\n"
        }
    }
}
