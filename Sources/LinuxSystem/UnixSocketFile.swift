// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// The file that a bound Unix socket leaves in the file system: unix(7).
///
/// It outlives its process, so one that is found is either another daemon's, or a dead one's, or no socket at all.
public struct UnixSocketFile: Hashable, Sendable {
    /// Who may connect: owner, group and mode of the file.
    public struct Access: Hashable, Sendable {
        /// The permission bits; nil leaves them to the umask.
        public var mode: UInt32?
        /// The owner; nil leaves the daemon's.
        public var user: UInt32?
        /// The group; nil leaves the daemon's.
        public var group: UInt32?

        /// Makes the settings.
        public init(mode: UInt32? = nil, user: UInt32? = nil, group: UInt32? = nil) {
            self.mode = mode
            self.user = user
            self.group = group
        }
    }

    /// What lies at a path where a socket is to be made.
    public enum Occupant: Equatable, Sendable {
        /// Nothing.
        case nothing
        /// A socket to which nobody listens any more.
        case stale
        /// A socket whose owner lives, or whose owner cannot be asked.
        case live
        /// A file of another kind, which is never touched.
        case notASocket
    }

    /// The path, without the closing NUL.
    public let path: [UInt8]
    private let device: UInt
    private let inode: UInt

    /// Remembers the file at `path`, so that only this one is removed later.
    public init(at path: [UInt8]) throws(SystemError) {
        guard let status = try Self.status(of: path) else { throw SystemError("lstat", errno: ENOENT) }
        self.path = path
        device = UInt(status.st_dev)
        inode = UInt(status.st_ino)
    }

    /// Looks what lies at `path`, and if it is a socket, whether somebody answers.
    public static func occupant(of path: [UInt8], kind: SocketKind) throws(SystemError) -> Occupant {
        guard let status = try status(of: path) else { return .nothing }
        guard status.st_mode & S_IFMT == S_IFSOCK else { return .notASocket }
        let type = CInt((kind == .unixSeqpacket ? SOCK_SEQPACKET : SOCK_STREAM).rawValue)
        let flags = CInt(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let probe = OwnedDescriptor(adopting: try systemCall("socket") { socket(AF_UNIX, type | flags, 0) })
        do throws(SystemError) {
            _ = try systemCall("connect") {
                // unsafe: the pointer is valid for the call.
                unsafe SocketAddress.unix(path: path).withKernelAddress { unsafe connect(probe.raw, $0, $1) }
            }
            return .live
        } catch {
            // Anything but "nobody is there" leaves the doubt that somebody is.
            return error.errno == ECONNREFUSED ? .stale : .live
        }
    }

    /// Removes the file at `path`.
    public static func remove(_ path: [UInt8]) throws(SystemError) {
        _ = try unsafe withCPath(path) { path throws(SystemError) in
            // unsafe: the string is valid for the call.
            try systemCall("unlink") { unsafe unlink(path) }
        }
    }

    /// Removes the file if it is still the one that was remembered.
    public func removeIfOurs() throws(SystemError) {
        guard let status = try Self.status(of: path), UInt(status.st_dev) == device, UInt(status.st_ino) == inode
        else { return }
        try Self.remove(path)
    }

    /// Sets the owner and mode of the file.
    public func apply(_ access: Access) throws(SystemError) { try Self.apply(access, to: path) }

    /// Sets the mode of a socket that is not bound yet, so that its file never has more rights than it is to have.
    package static func restrict(_ raw: CInt, to access: Access) throws(SystemError) {
        guard let mode = access.mode else { return }
        _ = try systemCall("fchmod") { fchmod(raw, mode) }
    }

    /// Sets the owner and mode of a bound socket's file.
    package static func apply(_ access: Access, to path: [UInt8]) throws(SystemError) {
        try unsafe withCPath(path) { path throws(SystemError) in
            if access.user != nil || access.group != nil {
                // (uid_t)-1 leaves the owner as it is: chown(2).
                // unsafe: the string is valid for the calls.
                _ = try systemCall("chown") { unsafe chown(path, access.user ?? .max, access.group ?? .max) }
            }
            if let mode = access.mode { _ = try systemCall("chmod") { unsafe chmod(path, mode) } }
        }
    }

    private static func status(of path: [UInt8]) throws(SystemError) -> stat? {
        do throws(SystemError) {
            return try unsafe withCPath(path) { path throws(SystemError) in
                var status = stat()
                // unsafe: the string and the local are valid for the call.
                _ = try systemCall("lstat") { unsafe lstat(path, &status) }
                return status
            }
        } catch {
            if error.errno == ENOENT { return nil }
            throw error
        }
    }

    private static func withCPath<Result>(
        _ path: [UInt8], _ body: (UnsafePointer<CChar>) throws(SystemError) -> Result
    ) throws(SystemError) -> Result {
        let terminated = path.map { CChar(bitPattern: $0) } + [0]
        // unsafe: the array is closed by a NUL and outlives the call.
        return try unsafe terminated.withUnsafeBufferPointer { (buffer) throws(SystemError) -> Result in
            guard let start = buffer.baseAddress else { throw SystemError("lstat", errno: EINVAL) }
            return try unsafe body(start)
        }
    }
}
