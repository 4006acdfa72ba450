// SPDX-License-Identifier: Apache-2.0

/// The settings that drop-ins add to usherd.service, as far as the check needs them: systemd.exec(5).
struct UnitDropIns: Equatable, Sendable {
    /// `SupplementaryGroups=`, by name or number.
    var groups: Set<String> = []
    /// `AmbientCapabilities=`.
    var capabilities: Set<String> = []

    /// The directories of units, in the order of increasing precedence: systemd.unit(5).
    private static let directories = [
        "/usr/lib/systemd/system", "/usr/local/lib/systemd/system", "/run/systemd/system", "/etc/systemd/system",
    ]

    /// The longest drop-in that is read, in bytes.
    private static let longest = 1 << 20

    /// No settings.
    init() {}

    /// Reads the drop-ins as systemd does: sorted by file name over all directories.
    ///
    /// Of several files with one name, the one in the directory of the highest precedence replaces the others. One that is
    /// empty, or a link to /dev/null, has no settings. Files that cannot be read are left out.
    init(in files: some ConfigurationFiles) {
        var directoryOfName: [String: String] = [:]
        for directory in Self.directories.map({ "\($0)/usherd.service.d" }) {
            for bytes in (try? files.names(in: directory)) ?? [] {
                guard let name = String(validating: bytes, as: UTF8.self), name.hasSuffix(".conf") else { continue }
                directoryOfName[name] = directory
            }
        }
        let inOrder = directoryOfName.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        self.init(
            inOrder.compactMap { name, directory in
                (try? files.read("\(directory)/\(name)", limit: Self.longest)).map {
                    String(decoding: $0, as: UTF8.self)
                }
            })
    }

    /// Parses files in order; an empty assignment resets the earlier ones.
    init(_ files: [String]) {
        for file in files {
            var isInService = false
            for line in Self.lines(of: file) {
                if line.first == "[" {
                    isInService = line == "[Service]"
                } else if isInService {
                    assign(line)
                }
            }
        }
    }

    private mutating func assign(_ line: String) {
        let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return }
        let words = parts[1].split(whereSeparator: Self.isBlank).map(String.init)
        switch Self.trimmed(parts[0]) {
        case "SupplementaryGroups": groups = words.isEmpty ? [] : groups.union(words)
        case "AmbientCapabilities": capabilities = words.isEmpty ? [] : capabilities.union(words)
        default: break
        }
    }

    /// The lines of a file without comments, empty lines and outer blanks: systemd.syntax(7).
    ///
    /// A line that ends in a backslash is joined with the next one that is not a comment; a space replaces the backslash.
    private static func lines(of file: String) -> [String] {
        var lines: [String] = []
        var begun = ""
        for line in file.split(omittingEmptySubsequences: false, whereSeparator: isLineEnd) {
            if let first = line.drop(while: isBlank).first, first == "#" || first == ";" { continue }
            // An even number of backslashes is that of escaped ones.
            let backslashes = line.reversed().prefix { $0 == "\\" }.count
            if backslashes % 2 == 1 {
                begun += line.dropLast() + " "
            } else {
                lines.append(trimmed(begun + line))
                begun = ""
            }
        }
        lines.append(trimmed(begun))
        return lines.filter { !$0.isEmpty }
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        let start = text.drop(while: isBlank)
        let count = start.reversed().prefix(while: isBlank).count
        return String(start.dropLast(count))
    }

    private static func isBlank(_ character: Character) -> Bool { character == " " || character == "\t" }

    // "\r\n" is one Character.
    private static func isLineEnd(_ character: Character) -> Bool {
        character == "\n" || character == "\r\n" || character == "\r"
    }
}
