// SPDX-License-Identifier: Apache-2.0

import TOML

extension Configuration {
    /// The most bytes that a file may have.
    package static let fileLimit = TOMLLimits.default.size

    /// Reads files that somebody else has already read; the first is the main one.
    ///
    /// - Parameter services: those that a listener can have.
    public static func parse(
        files: [(path: String, bytes: [UInt8])], services: [ServiceSchema], host: some HostLookup
    ) -> (Configuration?, [ConfigurationProblem]) {
        let sources = files.enumerated().map { number, file in
            SourceFile(number: number, path: file.path, bytes: file.bytes)
        }
        return assemble(sources, [], main: files.first?.path ?? defaultPath, services: services, host: host)
    }

    /// Puts together what files say that were read, and what could not be read.
    package static func assemble(
        _ sources: [SourceFile], _ problems: [ConfigurationProblem], main: String,
        services: [ServiceSchema], host: some HostLookup
    ) -> (Configuration?, [ConfigurationProblem]) {
        var reader = ConfigurationReader(
            main: sources.first ?? SourceFile(number: 0, path: main, bytes: []), services: services)
        for problem in problems { reader.add(problem) }
        for source in sources { reader.read(source) }
        return reader.finish(host: host)
    }
}
