// SPDX-License-Identifier: Apache-2.0

import CLinux

/// The name of a thread, as top(1), ps(1) and a debugger show it.
public enum ThreadName {
    /// Names the calling thread. The kernel keeps 15 bytes.
    public static func set(_ name: String) {
        // unsafe: the call copies the string.
        unsafe clinux_name_thread(String(name.prefix(15)))
    }
}
