// SPDX-License-Identifier: Apache-2.0

public import Addresses
import CLinux
import Glibc

/// The file of a bound Unix socket: unix(7).
///
/// The file outlives its process, so an existing file may belong to another daemon, to a dead process, or be no socket at all.
/// Anybody who may write to the directory can replace it, so every operation first checks that the file is still the same one.
/// The kernel does not reuse the inode number while the socket exists, so until then no other file can be mistaken for it.
public struct UnixSocketFile: Hashable, Sendable {
    /// Why a socket cannot be made at a path.
    public enum Obstacle: Equatable, Sendable {
        /// A socket whose owner lives, or whose owner cannot be determined.
        case live
        /// A file of another type, which is never removed.
        case notASocket
    }

    /// The path, without the terminating NUL.
    public let path: [UInt8]

    private let device: UInt
    private let inode: UInt

    /// Owner, group and mode when the file was first examined; settings that are left open go back to these.
    private let original: UnixSocketAccess

    /// Remembers the socket file at `path`, so that later calls change or remove only this file.
    ///
    /// - Throws: the kernel's error; `ENOTSOCK` if the file is of another type.
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

    /// Removes a socket file at `path` that a dead process left behind.
    ///
    /// - Returns: the obstacle that remains; nil if the path is free now.
    public static func removeStale(at path: [UInt8], kind: SocketKind) throws(SystemError) -> Obstacle? {
        try examine(path, kind, removesStale: true)
    }

    /// The obstacle that ``removeStale(at:kind:)`` would leave. Removes nothing.
    public static func obstacle(at path: [UInt8], kind: SocketKind) throws(SystemError) -> Obstacle? {
        try examine(path, kind, removesStale: false)
    }

    private static func examine(
        _ path: [UInt8], _ kind: SocketKind, removesStale: Bool
    ) throws(SystemError) -> Obstacle? {
        do throws(SystemError) {
            // While the descriptor is open, the inode number is not reused, so a replacement is recognised.
            return try withDescriptor(of: path) { raw, status throws(SystemError) in
                guard status.isSocket else { return .notASocket }
                guard try isStale(path, kind) else { return .live }
                if removesStale { try UnixSocketFile(path: path, status).remove() }
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
            // The backlog is full; access is denied; the socket is of another type.
            case EAGAIN, EACCES, EPERM, EPROTOTYPE: return false
            default: throw error
            }
        }
    }

    /// Removes the file if it is still the remembered one. Call it while the socket exists.
    public func remove() throws(SystemError) {
        guard let status = try Self.status(of: path), isOurs(status) else { return }
        try Self.unlink(path)
    }

    /// Whether `path`, in any spelling, leads to this file.
    public func isFile(at path: [UInt8]) -> Bool {
        guard let status = try? Self.status(of: path) else { return false }
        return isOurs(status)
    }

    // MARK: - Access

    /// The current owner, group and mode, all of them set.
    ///
    /// - Throws: the kernel's error; `ENOENT` if the file is not the remembered one.
    public func access() throws(SystemError) -> UnixSocketAccess {
        try withDescriptor { _, access in access }
    }

    /// Sets owner and mode of a new file, before anybody can connect. Settings that `access` leaves open do not change.
    ///
    /// The mode is set first: changing it after giving the file to another user would need one more capability.
    package func setInitialAccess(_ access: UnixSocketAccess) throws(SystemError) {
        guard access != UnixSocketAccess() else { return }
        try withDescriptor { raw, old throws(SystemError) in
            if let mode = access.mode, mode != old.mode { try Self.setMode(mode, of: raw) }
            try Self.setOwner(access, of: raw, from: old)
        }
    }

    /// Sets owner and mode of the file of a listening socket. Settings that `access` leaves open return to the original.
    ///
    /// Meanwhile only users may connect who may connect before or afterwards: first the mode loses the bits that it
    /// will not keep, then the owner changes, then the mode gets the new bits.
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

    /// Opens the file with O_PATH and O_NOFOLLOW, so that it cannot be replaced between the check and the change.
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
        // fchmod(2) refuses an O_PATH descriptor, and fchmodat(2) needs a path; open(2) documents the one in /proc.
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

    /// Removes the file at `path` without a check. Only for the caller that has just bound it.
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
        // unsafe: the array is NUL-terminated and outlives the call.
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
