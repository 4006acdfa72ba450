// SPDX-License-Identifier: Apache-2.0

#if DEBUG
    extension EventPoll {
        /// The descriptors that the instance watches, with their tokens: proc_pid_fdinfo(5). Debug builds only.
        package var watches: [(raw: CInt, token: UInt64)] {
            let path = "/proc/thread-self/fdinfo/\(descriptor.raw)"
            guard let bytes = try? RegularFile.read(path, limit: 16 << 20) else { return [] }
            return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { line in
                // tfd:        7 events:     2019 data: ffffffffffffffff  pos:0 ino:3 sdev:f
                let words = line.split(separator: " ")
                guard words.count > 5, words[0] == "tfd:", words[4] == "data:", let raw = CInt(words[1]),
                    let token = UInt64(words[5], radix: 16)
                else { return nil }
                return (raw, token)
            }
        }
    }
#endif
