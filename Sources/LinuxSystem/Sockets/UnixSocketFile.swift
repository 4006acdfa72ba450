// SPDX-License-Identifier: Apache-2.0

public import Addresses
import CLinux
import Glibc

/// The file that a bound Unix socket leaves in the file system: unix(7).
///
/// It outlives its process, so one that is found is either another daemon's, or a dead one's, or no socket at all. And
/// it can be replaced by whoever may write to the directory, so nothing is done to a path before it is clear that the
/// file there is still the one that is meant. The kernel keeps the file's number as long as the socket lives, so until
/// then no other file can pass for it.
public struct UnixSocketFile: Hashable, Sendable {
    /// Why a socket cannot be made at a path.
    public enum Obstacle: Equatable, Sendable {
        /// There is a socket whose owner lives, or whose owner cannot be asked.
        case live
        /// There is a file of another kind, which is never touched.
        case notASocket
    }

    /// The path, without the closing NUL.
    public let path: [UInt8]

    private let device: UInt
    private let inode: UInt

    /// What the file had when it was first looked at, all three; it is what an open setting goes back to.
    private let original: UnixSocketAccess

    /// Remembers the socket at `path`, so that only this one is changed or removed later.
    ///
    /// - Throws: what the kernel says; `ENOTSOCK` if the file is of another kind.
    public init(at path: [UInt8]) throws(SystemError) {
        guard let status = try Self.status(of: path) else { throw SystemError("lstat", errno: ENOENT) }
        guard status.isSocket else { throw SystemError("lstat", errno: ENOTSOCK) }
        self.init(path: path, status)
    }

    private init(path: [UInt8], _ status: stat) {
        self.path = path
        device = UInt(status.st_dev)
        inode = UInt(status.st_ino)
        original = status.access
    }

    /// Removes a socket that a dead process has left at `path`, to which nobody listens any more.
    ///
    /// - Returns: what is in the way and stays there; nil if the path is free now.
    public static func removeStale(at path: [UInt8], kind: SocketKind) throws(SystemError) -> Obstacle? {
        do throws(SystemError) {
            // As long as it is open, no other file can get its number: who has replaced it meanwhile is told from it.
            return try withDescriptor(of: path) { raw, status throws(SystemError) in
                guard status.isSocket else { return .notASocket }
                guard try isStale(path, kind) else { return .live }
                try UnixSocketFile(path: path, status).remove()
                return nil
            }
        } catch {
            if error.errno == ENOENT { return nil }
            throw error
        }
    }

    private static func isStale(_ path: [UInt8], _ kind: SocketKind) throws(SystemError) -> Bool {
        let probe = try kind.makeSocket(for: .unnamed)
        do throws(SystemError) {
            _ = try systemCall("connect") {
                // unsafe: the pointer is valid for the call.
                unsafe SocketAddress.unix(path: path).withKernelAddress { unsafe connect(probe.raw, $0, $1) }
            }
            return false
        } catch {
            switch error.errno {
            case ECONNREFUSED: return true
            // Its backlog is full; it does not want us; it is of another kind.
            case EAGAIN, EACCES, EPERM, EPROTOTYPE: return false
            default: throw error
            }
        }
    }

    /// Removes the file if it is still the one that was remembered. To be called while the socket lives.
    public func remove() throws(SystemError) {
        guard let status = try Self.status(of: path), isOurs(status) else { return }
        try Self.unlink(path)
    }

    /// Whether it is this file that lies at `path`, under whatever spelling.
    public func lies(at path: [UInt8]) -> Bool {
        guard let status = try? Self.status(of: path) else { return false }
        return isOurs(status)
    }

    // MARK: - Access

    /// Who may connect now: all three.
    ///
    /// - Throws: what the kernel says; `ENOENT` if the file is not the one that was remembered.
    public func access() throws(SystemError) -> UnixSocketAccess {
        try withDescriptor { _, access in access }
    }

    /// Sets the owner and mode of the file of a socket that nobody can connect to yet. What `access` leaves open stays.
    ///
    /// The mode goes first: who gives a file away needs one more privilege to change its mode afterwards.
    package func settle(_ access: UnixSocketAccess) throws(SystemError) {
        guard access != UnixSocketAccess() else { return }
        try withDescriptor { raw, old throws(SystemError) in
            if let mode = access.mode, mode != old.mode { try Self.setMode(mode, of: raw) }
            try Self.setOwner(access, of: raw, from: old)
        }
    }

    /// Sets the owner and mode of the file of a socket that listens. What `access` leaves open becomes what it was at
    /// first.
    ///
    /// Meanwhile nobody may connect who may do so neither before nor afterwards: first the mode loses what it is not to
    /// keep, then the owner changes, and then the mode gets what it did not have.
    public func apply(_ access: UnixSocketAccess) throws(SystemError) {
        let owner = UnixSocketAccess(user: access.user ?? original.user, group: access.group ?? original.group)
        try withDescriptor { raw, old throws(SystemError) in
            guard let mode = access.mode ?? original.mode, let oldMode = old.mode else { return }
            if oldMode & mode != oldMode { try Self.setMode(oldMode & mode, of: raw) }
            try Self.setOwner(owner, of: raw, from: old)
            if oldMode & mode != mode { try Self.setMode(mode, of: raw) }
        }
    }

    private func withDescriptor<Result>(
        _ body: (CInt, UnixSocketAccess) throws(SystemError) -> Result
    ) throws(SystemError) -> Result {
        try Self.withDescriptor(of: path) { raw, status throws(SystemError) in
            guard isOurs(status) else { throw SystemError("open", errno: ENOENT) }
            return try body(raw, status.access)
        }
    }

    /// Opens the file itself, not what it stands for, so that it cannot be exchanged for another meanwhile.
    private static func withDescriptor<Result>(
        of path: [UInt8], _ body: (CInt, stat) throws(SystemError) -> Result
    ) throws(SystemError) -> Result {
        let descriptor = OwnedDescriptor(
            adopting: try unsafe withCPath(path) { path throws(SystemError) in
                // unsafe: the string is valid for the call.
                try systemCall("open") { unsafe open(path, CInt(CLINUX_O_PATH) | O_NOFOLLOW | O_CLOEXEC) }
            })
        let raw = descriptor.raw
        var status = stat()
        // unsafe: a local.
        _ = try systemCall("fstat") { unsafe fstat(raw, &status) }
        return try body(raw, status)
    }

    private static func setMode(_ mode: UInt32, of raw: CInt) throws(SystemError) {
        // fchmod(2) does not take a descriptor of O_PATH, and fchmodat(2) not without a path: open(2) shows this way.
        // unsafe: the string is valid for the call.
        _ = try systemCall("chmod") { unsafe chmod("/proc/thread-self/fd/\(raw)", mode) }
    }

    private static func setOwner(_ access: UnixSocketAccess, of raw: CInt, from old: UnixSocketAccess)
        throws(SystemError)
    {
        // (uid_t)-1 leaves the owner as it is: chown(2).
        let user = access.user == old.user ? nil : access.user
        let group = access.group == old.group ? nil : access.group
        guard user != nil || group != nil else { return }
        // unsafe: the string is valid for the call.
        _ = try systemCall("chown") {
            unsafe fchownat(raw, "", user ?? .max, group ?? .max, CInt(CLINUX_AT_EMPTY_PATH))
        }
    }

    // MARK: - Paths

    /// Removes whatever socket lies at `path`. To be called by who has just bound it.
    package static func unlink(_ path: [UInt8]) throws(SystemError) {
        _ = try unsafe withCPath(path) { path throws(SystemError) in
            // unsafe: the string is valid for the call.
            try systemCall("unlink") { unsafe Glibc.unlink(path) }
        }
    }

    private func isOurs(_ status: stat) -> Bool {
        UInt(status.st_dev) == device && UInt(status.st_ino) == inode && status.isSocket
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

extension stat {
    fileprivate var isSocket: Bool { st_mode & S_IFMT == S_IFSOCK }

    fileprivate var access: UnixSocketAccess {
        UnixSocketAccess(mode: st_mode & 0o7777, user: st_uid, group: st_gid)
    }
}
