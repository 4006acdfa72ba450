// SPDX-License-Identifier: Apache-2.0

import CLinux

/// The command line of this process.
public enum ProgramArguments {
    /// The words after the program's name, with what is not UTF-8 repaired.
    ///
    /// Not `CommandLine.arguments`: on Linux that reads `/proc/self/cmdline`, and is empty where there is no `/proc`.
    public static var words: [String] {
        // unsafe: the C library keeps the array, closed by NULL, and its strings as long as the program runs.
        guard var next = unsafe clinux_arguments() else { return [] }
        var words: [String] = []
        while let word = unsafe next.pointee {
            unsafe words.append(String(cString: word))
            unsafe next += 1
        }
        return Array(words.dropFirst())
    }
}
