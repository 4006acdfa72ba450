// SPDX-License-Identifier: Apache-2.0

import TOML

extension Configuration {
    /// The most bytes that a configuration file may have.
    package static let fileLimit = TOMLLimits.default.size

    /// Parses files that the caller has read; the first is the main one.
    ///
    /// - Parameter services: the services that a listener may have.
    public static func parse(
        files: [(path: String, bytes: [UInt8])], services: [ServiceSchema], host: some HostLookup
    ) -> (Configuration?, [ConfigurationProblem]) {
        let sources = files.enumerated().map { number, file in
            SourceFile(number: number, path: file.path, bytes: file.bytes)
        }
        return assemble(sources, [], main: files.first?.path ?? defaultPath, services: services, host: host)
    }

    /// Parses the files that were read, and adds the problems of those that could not be read.
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
