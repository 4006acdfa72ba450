// SPDX-License-Identifier: Apache-2.0

public import LinuxSystem

/// A sink of the log that could not be opened.
public struct SinkError: Error, Equatable, Sendable {
    /// Which one.
    public let destination: RecordDestination

    /// Why.
    public let cause: SystemError
}

extension SinkError: CustomStringConvertible {
    /// A sentence that says what to do.
    public var description: String {
        "cannot write the log to \(destination.title): \(cause.reason) (\(cause.symbol))\(help)"
    }

    private var help: String {
        guard case .file(let path) = destination else { return "" }
        switch cause.symbol {
        case "ENOENT": return "; make the directory \(Self.parent(of: path)) first"
        case "EACCES", "EROFS": return "; the daemon's user must be able to write there"
        case "EISDIR": return "; give the name of a file in it"
        case "ENXIO": return "; nobody reads this FIFO"
        default: return ""
        }
    }

    private static func parent(of path: String) -> Substring {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : path[..<slash]
    }
}
