// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem

/// Lets the end-to-end tests have a debug build verify itself: by a signal, and a file for the answer.
///
/// A release build has none of it.
enum Verification {
    #if DEBUG
        /// The signals to block: nothing else sends SIGPWR to a process.
        static let signals: [CInt] = [SIGPWR]

        /// The environment variable that names the file.
        private static let variable = "USHERD_TEST_VERIFY"

        /// Writes the problems, one a line, and `end` behind them.
        static func answer(_ problems: [String]) {
            // unsafe: a string that ends in NUL; nothing changes the environment after the start.
            guard let path = unsafe getenv(variable) else { return }
            // unsafe: as above.
            let raw = unsafe open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
            guard raw >= 0 else { return }
            let file = OwnedDescriptor(adopting: raw)
            let text = problems.map { "\($0)\n" }.joined() + "end\n"
            // unsafe: the bytes of the string live for the call. A short write leaves the answer without its end.
            _ = unsafe write(file.raw, text, text.utf8.count)
        }

        /// What a descriptor is.
        enum Kind {
            /// A stream or seqpacket socket, connected or listening.
            case connection
            /// An end of a pipe.
            case pipe
            /// Anything else, including the datagram sockets to systemd, the journal, the kernel and name servers.
            case other
        }

        /// The descriptors of the process, with what they are.
        static var openDescriptors: [(raw: CInt, kind: Kind)] {
            let names = (try? Directory.names(in: "/proc/thread-self/fd")) ?? []
            return names.compactMap { CInt(String(decoding: $0, as: UTF8.self)) }.map { ($0, kind(of: $0)) }
        }

        /// Sockets and pipes that were open before the lanes started: passed sockets, and what the process inherited.
        static let atStart = Set(openDescriptors.filter { $0.kind != .other }.map(\.raw))

        private static func kind(of raw: CInt) -> Kind {
            var status = stat()
            // unsafe: a local.
            guard unsafe fstat(raw, &status) == 0 else { return .other }
            switch status.st_mode & S_IFMT {
            // An anonymous pipe, not a FIFO: that one has a place in a directory.
            case S_IFIFO where status.st_nlink == 1 && isUnnamed(raw): return .pipe
            case S_IFSOCK: return isConnection(raw) ? .connection : .other
            default: return .other
            }
        }

        private static func isUnnamed(_ raw: CInt) -> Bool {
            var target = [CChar](repeating: 0, count: 64)
            // unsafe: the call writes at most as much as there is room for.
            let count = unsafe readlink("/proc/thread-self/fd/\(raw)", &target, target.count)
            let prefix = Array("pipe:".utf8).map { CChar(bitPattern: $0) }
            return count > prefix.count && target.starts(with: prefix)
        }

        private static func isConnection(_ raw: CInt) -> Bool {
            var type: CInt = 0
            var length = socklen_t(MemoryLayout<CInt>.size)
            // unsafe: locals, of the size that is passed.
            guard unsafe getsockopt(raw, SOL_SOCKET, SO_TYPE, &type, &length) == 0 else { return false }
            return type == CInt(SOCK_STREAM.rawValue) || type == CInt(SOCK_SEQPACKET.rawValue)
        }
    #else
        /// None.
        static let signals: [CInt] = []
    #endif
}
