// SPDX-License-Identifier: Apache-2.0

import Glibc
public import LinuxSystem

/// A destination of the log could not be opened.
public struct SinkError: Error, Equatable, Sendable {
    /// The type of file that a path leads to.
    enum Place: Equatable, Sendable {
        /// A FIFO of fifo(7).
        case fifo
        /// A socket, as standard output and standard error of a unit often are.
        case socket
        /// Another type, or the path cannot be examined.
        case other
    }

    /// The destination.
    public let destination: RecordDestination

    /// The error.
    public let cause: SystemError

    /// The type of file at its path.
    let place: Place

    init(destination: RecordDestination, cause: SystemError, place: Place = .other) {
        self.destination = destination
        self.cause = cause
        self.place = place
    }

    /// Whether this host lacked threads, descriptors or memory; the destination itself may be fine.
    public var isShortage: Bool {
        cause.operation == "pthread_create" || [EMFILE, ENFILE, ENOMEM, ENOBUFS].contains(cause.errno)
    }
}

extension SinkError: CustomStringConvertible {
    /// A sentence that says what to do.
    public var description: String {
        "cannot write the log to \(destination.title): \(cause.reason) (\(cause.symbol))\(help)"
    }

    private var help: String {
        if cause.operation == "pthread_create" {
            return "; the daemon lacks a thread for it: raise TasksMax= or LimitNPROC= of the unit, or ulimit -u or -v"
        }
        guard case .file(let path) = destination else { return "" }
        switch (cause.symbol, place) {
        case ("ENOENT", _): return "; create the directory \(Self.parent(of: path)) first"
        case ("EACCES", _), ("EROFS", _): return "; the daemon's user must be able to write there"
        case ("EISDIR", _): return "; give the name of a file in it"
        case ("ENXIO", .fifo): return "; no process reads this FIFO"
        case ("ENXIO", .socket): return Self.help(forSocketAt: path)
        default: return ""
        }
    }

    private static func help(forSocketAt path: String) -> String {
        let standardOutput = ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"]
        let standardError = ["/dev/stderr", "/dev/fd/2", "/proc/self/fd/2"]
        if standardOutput.contains(path) {
            return "; standard output is a socket, which cannot be opened by a name: write \"stdout\" instead"
        }
        if standardError.contains(path) {
            return "; standard error is a socket, which cannot be opened by a name: write \"stderr\" instead"
        }
        return "; this is a socket, and a log file is a regular file, a FIFO or a device"
    }

    private static func parent(of path: String) -> Substring {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : path[..<slash]
    }
}

extension SinkError.Place {
    /// Examines the path of a destination: stat(2).
    init(of destination: RecordDestination) {
        var status = stat()
        // unsafe: a C string and a local, for the call.
        guard case .file(let path) = destination, unsafe stat(path, &status) == 0 else {
            self = .other
            return
        }
        switch status.st_mode & S_IFMT {
        case S_IFIFO: self = .fifo
        case S_IFSOCK: self = .socket
        default: self = .other
        }
    }
}
