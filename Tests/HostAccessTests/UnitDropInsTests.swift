// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Testing

@testable import HostAccess

@Suite struct UnitDropInsTests {
    // MARK: One file

    @Test func `assignments add to those of earlier files`() {
        let unit = UnitDropIns([
            "# a comment\n[Service]\nSupplementaryGroups=adm  www-data\nAmbientCapabilities=CAP_CHOWN CAP_FOWNER\n",
            "[Service]\nSupplementaryGroups = 7\nUser=x\nnonsense\n",
        ])
        #expect(unit.groups == ["adm", "www-data", "7"])
        #expect(unit.capabilities == ["CAP_CHOWN", "CAP_FOWNER"])
    }

    @Test func `an empty assignment resets the earlier ones, also of other files`() {
        let unit = UnitDropIns([
            "[Service]\nSupplementaryGroups=adm\nAmbientCapabilities=CAP_CHOWN\n",
            "[Service]\nSupplementaryGroups=\nSupplementaryGroups=b\nAmbientCapabilities=\n",
        ])
        #expect(unit.groups == ["b"])
        #expect(unit.capabilities == [])
    }

    @Test func `only the section Service counts, and each file begins outside of it`() {
        let unit = UnitDropIns([
            "SupplementaryGroups=a\n[Unit]\nSupplementaryGroups=b\n [Service]\t\nSupplementaryGroups=c\n"
                + "[X-Service]\nSupplementaryGroups=d\n[Service]\nSupplementaryGroups=e\n[Install]\nSupplementaryGroups=\n",
            "SupplementaryGroups=f\n",
        ])
        #expect(unit.groups == ["c", "e"])
    }

    @Test(arguments: [
        ("SupplementaryGroups=a \\\n  b\n", ["a", "b"]),
        ("SupplementaryGroups=a\\\nb\n", ["a", "b"]),
        (
            "SupplementaryGroups=\\\na \\\n# a comment in between\n ; another\nb\nSupplementaryGroups=c\n",
            ["a", "b", "c"]
        ),
        // The reset is the whole line.
        ("SupplementaryGroups=a\nSupplementaryGroups=\\\n\nSupplementaryGroups=b\n", ["b"]),
        // What is continued is no assignment of its own.
        ("User=x \\\nSupplementaryGroups=a\n", []),
        ("# a comment is not continued \\\nSupplementaryGroups=a\n", ["a"]),
        // The end of the file ends the line.
        ("SupplementaryGroups=a \\", ["a"]),
        ("SupplementaryGroups=a \\\n", ["a"]),
        // An escaped backslash continues nothing.
        ("User=x\\\\\nSupplementaryGroups=a\n", ["a"]),
    ])
    func `a backslash at the end continues the line`(text: String, groups: [String]) {
        #expect(UnitDropIns(["[Service]\n" + text]).groups == Set(groups))
    }

    // MARK: Directories

    /// Drop-ins that each name a group; nil is a file that cannot be read, such as a link to /dev/null.
    private func groups(_ names: [String: String?]) -> Set<String> {
        var files = TestFiles()
        for (path, group) in names {
            let parts = path.split(separator: "/")
            let directory = "/\(parts.dropLast().joined(separator: "/"))/systemd/system/usherd.service.d"
            let name = String(parts.last ?? "")
            var all = (try? files.directories[directory]?.get()) ?? []
            all.append(name)
            files.directories[directory] = .success(all)
            files.files["\(directory)/\(name)"] =
                group.map { .success(Array("[Service]\nSupplementaryGroups=\($0)\n".utf8)) }
                ?? .failure(.system(SystemError("open", errno: 22)))
        }
        return UnitDropIns(in: files).groups
    }

    @Test func `a file in etc replaces those of the same name in run and usr`() {
        #expect(groups(["usr/lib/a.conf": "vendor", "run/a.conf": "runtime", "etc/a.conf": "local"]) == ["local"])
        #expect(groups(["usr/lib/a.conf": "vendor", "run/a.conf": "runtime"]) == ["runtime"])
        #expect(groups(["usr/lib/a.conf": "vendor", "usr/local/lib/a.conf": "site"]) == ["site"])
        #expect(groups(["usr/lib/a.conf": "vendor", "etc/b.conf": "local"]) == ["vendor", "local"])
    }

    @Test func `a file that is masked replaces the others too`() {
        #expect(groups(["usr/lib/a.conf": "vendor", "etc/a.conf": nil]) == [])
    }

    @Test func `files are read in the order of their names, whatever their directory`() {
        // The reset is in the file that comes first, though its directory has the highest precedence.
        #expect(groups(["etc/10.conf": "", "usr/lib/20.conf": "vendor"]) == ["vendor"])
        #expect(groups(["etc/30.conf": "", "usr/lib/20.conf": "vendor"]) == [])
    }

    @Test func `only names that end in conf count`() {
        #expect(groups(["etc/a.conf~": "a", "etc/b.conf.bak": "b", "etc/c.conf": "c"]) == ["c"])
    }
}
