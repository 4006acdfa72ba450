// SPDX-License-Identifier: Apache-2.0

import Configuration
import LinuxSystem
import TOML

/// What a configuration says about the control socket: `control` of `[daemon]`.
///
/// Read only if no socket is where usherd makes it by default. Mistakes elsewhere in the files do not matter here.
enum ConfiguredControl: Equatable, Sendable {
    /// The socket is at this path.
    case path(String)
    /// There is none: `control = false`.
    case off

    /// Reads a configuration with the files of its `conf.d`; nil if they say nothing, or cannot be read.
    init?(configuration path: String) {
        let limit = Configuration.fileLimit
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let directory = (slash.map { String(path[...$0]) } ?? "") + "conf.d"
        let names = ((try? Directory.names(in: directory)) ?? []).filter { $0.suffix(5).elementsEqual(".toml".utf8) }
        let files = [path] + names.map { "\(directory)/\(String(decoding: $0, as: UTF8.self))" }
        for file in files {
            guard let bytes = try? RegularFile.read(file, limit: limit), let found = Self(bytes) else { continue }
            self = found
            return
        }
        return nil
    }

    /// Reads the text of a file; nil if it says nothing.
    init?(_ bytes: [UInt8]) {
        guard case .table(let daemon) = TOMLDocument.parse(bytes).root["daemon"]?.value.content else { return nil }
        switch daemon["control"]?.value.content {
        case .string(let path) where path.hasPrefix("/"): self = .path(path)
        case .boolean(false): self = .off
        default: return nil
        }
    }
}
