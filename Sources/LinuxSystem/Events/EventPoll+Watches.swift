// SPDX-License-Identifier: Apache-2.0

import Glibc

#if DEBUG
    extension EventPoll {
        /// The descriptors that the instance watches, with their tokens: proc_pid_fdinfo(5). Debug builds only.
        ///
        /// A closed descriptor of which a process that is being started holds a copy stays registered until execve(2). It is left
        /// out: its number is closed here, or is that of another file.
        package var watches: [(raw: CInt, token: UInt64)] {
            let path = "/proc/thread-self/fdinfo/\(descriptor.raw)"
            guard let bytes = try? RegularFile.read(path, limit: 16 << 20) else { return [] }
            return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { line in
                // tfd:        7 events:     2019 data: ffffffffffffffff  pos:0 ino:3 sdev:f
                let words = line.split(separator: " ")
                guard words.count > 5, words[0] == "tfd:", words[4] == "data:", let raw = CInt(words[1]),
                    let token = UInt64(words[5], radix: 16),
                    let inode = words.last(where: { $0.hasPrefix("ino:") }).flatMap({
                        UInt64($0.dropFirst(4), radix: 16)
                    }),
                    inode == Self.inode(of: raw)
                else { return nil }
                return (raw, token)
            }
        }

        private static func inode(of raw: CInt) -> UInt64? {
            var status = stat()
            // unsafe: a local.
            return unsafe fstat(raw, &status) == 0 ? UInt64(status.st_ino) : nil
        }
    }
#endif
