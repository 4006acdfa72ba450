// SPDX-License-Identifier: Apache-2.0

import ControlProtocol

/// The origins of settings, with paths relative to the directory that all files are in or below.
struct SettingOrigins {
    /// The directory with its slash; empty if there is none.
    let directory: String

    /// Makes the origins of settings in these files.
    init(_ files: [String]) {
        directory = Self.commonDirectory(of: files)
    }

    /// `FILE:LINE`, `FILE:LINE [defaults]` or `default`.
    func text(of setting: Setting) -> String {
        guard let file = setting.file, let line = setting.line else { return "default" }
        let place = "\(file.dropFirst(file.hasPrefix(directory) ? directory.count : 0)):\(line)"
        return setting.origin == .inherited ? "\(place) [defaults]" : place
    }

    private static func commonDirectory(of files: [String]) -> String {
        guard var common = files.first.map(directory) else { return "" }
        for file in files {
            while !file.hasPrefix(common) { common = directory(of: String(common.dropLast())) }
        }
        return common
    }

    /// The directory of a file, with its slash; empty if it has none.
    private static func directory(of file: String) -> String {
        file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
    }
}
