// SPDX-License-Identifier: Apache-2.0

/// Reorders the words of a command line that has commands. Pure.
public enum WordOrder {
    /// Moves the command to the front if options precede it.
    ///
    /// `--hex connect ADDRESS` becomes `connect --hex ADDRESS`.
    ///
    /// - Parameters:
    ///   - commands: the names of the commands.
    ///   - options: the options that take the next word as their value.
    ///   - own: the options of the program itself; if one precedes the command, nothing is moved.
    public static func commandFirst(
        _ words: [String], commands: Set<String>, valued options: Set<String>, own: Set<String>
    ) -> [String] {
        var index = 0
        while index < words.count {
            let word = words[index]
            if commands.contains(word) { return [word] + words[..<index] + words[(index + 1)...] }
            guard word.utf8.first == UInt8(ascii: "-"), word != "--", !own.contains(word) else { return words }
            index += options.contains(word) ? 2 : 1
        }
        return words
    }
}
