// SPDX-License-Identifier: Apache-2.0

import Configuration
import Services
import TestSupport

extension Configuration {
    /// Reads one file of this text, with the services of this version.
    static func parse(_ text: String) -> (Configuration?, [ConfigurationProblem]) {
        parse(files: [("usherd.toml", Array(text.utf8))], host: TestHost())
    }

    /// Reads files with the services of this version.
    static func parse(
        files: [(path: String, bytes: [UInt8])], host: some HostLookup
    ) -> (Configuration?, [ConfigurationProblem]) {
        parse(files: files, services: ServiceDescriptor.schemas, host: host)
    }
}
