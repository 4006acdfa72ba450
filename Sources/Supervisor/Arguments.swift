// SPDX-License-Identifier: Apache-2.0

import Configuration

/// The command line of usherd.
struct Arguments: Equatable {
    /// What is asked for.
    enum Command: Equatable {
        /// Run as a daemon.
        case run
        /// Look at the configuration, bind nothing.
        case check
        /// Say which version this is.
        case version
        /// Say how it is called.
        case help
    }

    /// A command line that cannot be understood: a sentence.
    struct Mistake: Error, Equatable {
        var message: String
    }

    var command = Command.run
    var path = Configuration.defaultPath

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
            default:
                let hint = word.hasPrefix("-") ? "" : "; a configuration is named with --config FILE"
                throw Mistake(message: "\(TerminalText.safe(word)) is not an option\(hint)")
            }
            if command == .help || command == .version { return }
        }
    }

    /// What `--help` prints.
    static let usage = """
        Usage: usherd [--config FILE] [--check]
               usherd --version | --help

        Listens on the sockets that FILE names and serves whoever connects.

          -c, --config FILE  the configuration (default \(Configuration.defaultPath),
                             with conf.d/*.toml beside it)
          -t, --check        look at the configuration and bind nothing: print every
                             mistake, or a line for each listener
          -V, --version      print the version
          -h, --help         print this

        Signals: HUP reloads, TERM and INT stop (twice: at once), USR1 reopens log
        files, USR2 logs the live connections. Exit status: 0, 64 usage, 69 a listener
        cannot be had, 71 the system refuses, 78 configuration. See usherd(8) and
        usherd.toml(5).

        """
}
