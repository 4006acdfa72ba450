// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The environment of the process: environ(7). Nothing here changes it.
public enum Environment {
    /// The value of a variable; nil if it is not set or empty.
    public static func value(of name: StaticString) -> String? {
        // unsafe: a literal ends in NUL, and getenv(3) returns NULL or a C string that lives until the environment changes.
        guard let value = unsafe getenv(UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)) else {
            return nil
        }
        // unsafe: as above.
        let text = unsafe String(cString: value)
        return text.isEmpty ? nil : text
    }
}
