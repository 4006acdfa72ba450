// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import ControlClient

@Suite struct ConfiguredControlTests {
    @Test(
        arguments: [
            ("[daemon]\ncontrol = \"/a/b\"\n", .path("/a/b")), ("daemon.control = false", .off),
            ("[daemon]\ncontrol = true", nil), ("[daemon]\ncontrol = \"a\"", nil), ("[daemon]\nlanes = 2", nil),
            ("daemon = 1", nil), ("", nil), ("\u{0}", nil), ("[[x", nil),
            ("nonsense\n[daemon]\ncontrol = \"/a\"", .path("/a")),
        ] as [(String, ConfiguredControl?)])
    func `control of a file is read, whatever else the file has`(text: String, control: ConfiguredControl?) {
        #expect(ConfiguredControl(Array(text.utf8)) == control)
    }

    @Test func `the files of conf.d are read too`() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("[daemon]\n", to: "usherd.toml")
        #expect(ConfiguredControl(configuration: path) == nil)
        try directory.makeDirectory("conf.d")
        try directory.write("daemon.control = false", to: "conf.d/other")
        #expect(ConfiguredControl(configuration: path) == nil)
        try directory.write("daemon.control = \"/a\"", to: "conf.d/a.toml")
        #expect(ConfiguredControl(configuration: path) == .path("/a"))
        #expect(ConfiguredControl(configuration: directory.appending("none/usherd.toml")) == nil)
    }
}
