// SPDX-License-Identifier: Apache-2.0

import CLinux

/// The command line of this process.
public enum ProgramArguments {
    /// The words after the program's name; invalid UTF-8 is repaired.
    ///
    /// `CommandLine.arguments` is not used: on Linux it reads `/proc/self/cmdline`, and is empty without `/proc`.
    public static var words: [String] {
        // unsafe: the C library keeps the NULL-terminated array and its strings as long as the program runs.
        guard var next = unsafe clinux_arguments() else { return [] }
        var words: [String] = []
        while let word = unsafe next.pointee {
            unsafe words.append(String(cString: word))
            unsafe next += 1
        }
        return Array(words.dropFirst())
    }
}
