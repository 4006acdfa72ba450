// SPDX-License-Identifier: Apache-2.0

public import Configuration
import LinuxSystem

extension Configuration {
    /// Reads the file at `path` and the files `*.toml` of the directory `conf.d` beside it, in the order of their names.
    ///
    /// Blocks as long as the disk and the name service take; binds nothing.
    ///
    /// - Parameter services: the services that a listener may have.
    /// - Returns: the configuration; or nil and every mistake in the order of reading.
    public static func load(
        path: String = defaultPath, services: [ServiceSchema], host: some HostLookup,
        files: some ConfigurationFiles = SystemFiles()
    ) -> (Configuration?, [ConfigurationProblem]) {
        var sources: [SourceFile] = []
        var problems: [ConfigurationProblem] = []
        func read(_ path: String, number: Int, help: String) {
            do throws(FileReadFailure) {
                let bytes = try files.read(path, limit: fileLimit)
                sources.append(SourceFile(number: number, path: path, bytes: bytes))
            } catch {
                let obstacle = files.obstacle(to: path)
                problems.append(problem(error, obstacle, path: path, number: number, help: help))
            }
        }
        read(path, number: 0, help: "name the file: usherd --config FILE, usherctl check FILE")
        let directory = fragmentDirectory(of: path)
        do throws(SystemError) {
            // Sorted by bytes, so that the order does not depend on a locale.
            let names = try files.names(in: directory).filter(isFragment).sorted { $0.lexicographicallyPrecedes($1) }
            for (index, bytes) in names.enumerated() {
                guard let name = String(validating: bytes, as: UTF8.self) else {
                    problems.append(
                        ConfigurationProblem(
                            "is not read: its name is not UTF-8",
                            file: "\(directory)/\(TerminalText.escaped(bytes))", number: index + 1,
                            help: "rename it; in a shell with completion, the Tab key writes the name"))
                    continue
                }
                read("\(directory)/\(name)", number: index + 1, help: "let the daemon's user read it, or move it away")
            }
        } catch {
            problems.append(
                problem(
                    .system(error), files.obstacle(to: directory), path: directory, number: 1,
                    help: "let the daemon's user read it, or remove it"))
        }
        return assemble(sources, problems, main: path, services: services, host: host)
    }

    /// Whether a file of `conf.d` is a part of the configuration.
    private static func isFragment(_ name: [UInt8]) -> Bool {
        name.first != UInt8(ascii: ".") && name.suffix(5).elementsEqual(".toml".utf8)
    }

    /// `conf.d` beside the main file.
    static func fragmentDirectory(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "conf.d" }
        return String(path[...slash]) + "conf.d"
    }

    private static func problem(
        _ failure: FileReadFailure, _ obstacle: (text: String, help: String)?, path: String, number: Int, help: String
    ) -> ConfigurationProblem {
        switch failure {
        case .system(let error):
            ConfigurationProblem(
                "cannot be read: \(error.reason) (\(error.symbol))\(obstacle.map { ": \($0.text)" } ?? "")", file: path,
                number: number, help: obstacle?.help ?? help)
        case .notAFile(let kind):
            ConfigurationProblem("is \(kind), not a file of settings", file: path, number: number, help: help)
        case .tooLarge(let limit):
            ConfigurationProblem(
                "has more than \(limit) bytes, which no configuration needs", file: path, number: number,
                help: "split it over files in conf.d, if it is the right file")
        }
    }
}
