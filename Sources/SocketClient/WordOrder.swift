// SPDX-License-Identifier: Apache-2.0

/// The order of words on a command line that has commands. Pure.
public enum WordOrder {
    /// The words with the command in front, where options stand before it: `--hex connect ADDRESS` is `connect --hex ADDRESS`.
    ///
    /// - Parameters:
    ///   - commands: the names of the commands.
    ///   - options: the options that take the next word as their value.
    ///   - own: the options of the program itself, behind which nothing is moved.
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
