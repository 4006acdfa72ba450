// SPDX-License-Identifier: Apache-2.0

import Configuration

/// The command line of usherd.
struct Arguments: Equatable {
    /// What usherd is to do.
    enum Command: Equatable {
        /// Run as a daemon.
        case run
        /// Check the configuration, bind nothing.
        case check
        /// Print the version.
        case version
        /// Print the usage.
        case help
    }

    /// A mistake in the command line, as a sentence.
    struct Mistake: Error, Equatable {
        var message: String
    }

    var command = Command.run
    var path = Configuration.defaultPath
    /// `--user`: the user whose permissions a check tests.
    var user: String?
    /// `--strict`: whether a note of a check is a failure.
    var isStrict = false
    /// `--no-host`: whether a check leaves out the host.
    var skipsHost = false

    /// Reads the words after the program's name.
    init(_ words: some Collection<String>) throws(Mistake) {
        var words = Array(words)[...]
        while let word = words.popFirst() {
            switch word {
            case "--check", "-t": command = .check
            case "--version", "-V": command = .version
            case "--help", "-h": command = .help
            case "--config", "-c":
                guard let path = words.popFirst(), !path.isEmpty else {
                    throw Mistake(message: "\(word) needs the path of a file")
                }
                self.path = path
            case _ where word.hasPrefix("--config="):
                path = String(word.dropFirst("--config=".count))
                guard !path.isEmpty else { throw Mistake(message: "--config needs the path of a file") }
            case "--strict": isStrict = true
            case "--no-host": skipsHost = true
            case "--user":
                guard let user = words.popFirst(), !user.isEmpty else { throw Mistake(message: "--user needs a name") }
                self.user = user
            case _ where word.hasPrefix("--user="):
                user = String(word.dropFirst("--user=".count))
                guard user?.isEmpty == false else { throw Mistake(message: "--user needs a name") }
            default:
                let hint = word.hasPrefix("-") ? "" : "; a configuration is named with --config FILE"
                throw Mistake(message: "\(TerminalText.safe(word)) is not an option\(hint)")
            }
            if command == .help || command == .version { return }
        }
        // U+FFFD stands for bytes that are not UTF-8: see ``ProgramArguments/words``.
        guard !path.unicodeScalars.contains("\u{fffd}") else {
            throw Mistake(message: "the path \(TerminalText.safe(path)) is not UTF-8: rename the file")
        }
        guard command != .check else { return }
        for (option, isGiven) in [("--strict", isStrict), ("--no-host", skipsHost), ("--user", user != nil)]
        where isGiven {
            throw Mistake(message: "\(option) is for --check")
        }
    }

    /// What `--help` prints.
    static let usage = """
        Usage: usherd [--config FILE]
               usherd --check [--config FILE] [--user NAME] [--strict] [--no-host]
               usherd --version | --help

        Listens on the sockets that FILE names and serves their connections.

          -c, --config FILE  the configuration (default \(Configuration.defaultPath),
                             with conf.d/*.toml beside it)
          -t, --check        check the configuration and the host, then exit: print
                             every mistake; or a line for each listener, and notes
                             on what may keep it from working
              --user NAME    check the permissions of this user (default for
                             root: usherd)
              --strict       exit with 69 if there is a note
              --no-host      check the configuration only, as for CI
          -V, --version      print the version
          -h, --help         print this

        Signals: HUP reloads, TERM and INT stop (twice: at once), USR1 reopens log
        files, USR2 logs the open connections. Exit status: 0 success, 64 wrong command
        line, 69 cannot listen, 70 a bug in usherd, 71 a system call failed, 78 wrong
        configuration. See usherd(8) and usherd.toml(5).

        """
}
