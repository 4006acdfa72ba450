// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ControlProtocol

@Suite struct VarlinkCallTests {
    private static func call(_ text: String) throws -> VarlinkCall { try VarlinkCall(Array(text.utf8)) }

    @Test func `a call says its method and what replies it takes`() throws {
        let plain = try Self.call(#"{"method":"a.B"}"#)
        #expect((plain.method, plain.more, plain.oneway) == ("a.B", false, false))
        let all = try Self.call(#"{"method":"a.B","more":true,"oneway":true,"upgrade":false,"parameters":null}"#)
        #expect((all.more, all.oneway) == (true, true))
    }

    @Test(arguments: [
        "", "{", "[]", "1", "{}", #"{"method":1}"#, #"{"method":"a","more":3}"#, "\u{ff}", "{\"method\":\"a\"}x",
    ])
    func `what is no call is a mistake`(text: String) {
        #expect(throws: VarlinkCall.Mistake.notACall) { try Self.call(text) }
    }

    @Test func `deep nesting is refused before it is decoded`() {
        let deep = String(repeating: "[", count: 60_000) + String(repeating: "]", count: 60_000)
        #expect(throws: VarlinkCall.Mistake.tooDeep) { try Self.call(#"{"method":"a","parameters":\#(deep)}"#) }
    }

    @Test func `parameters may be left out, empty or null`() throws {
        for parameters in ["", #","parameters":{}"#, #","parameters":null"#] {
            let call = try Self.call(#"{"method":"a"\#(parameters)}"#)
            #expect(try call.parameters() == ControlParameters.Status())
            #expect(try call.parameters() == ControlParameters.None())
            #expect(throws: VarlinkError.invalidParameter("listener")) {
                try call.parameters(as: ControlParameters.Listener.self)
            }
        }
    }

    @Test(arguments: [
        (#"{"listener":1}"#, "listener"), (#"{"listner":"a"}"#, "listner"), (#"{"listener":"a","x":1}"#, "x"),
        ("[]", "parameters"),
        ("3", "parameters"),
    ])
    func `a wrong parameter is named`(parameters: String, name: String) throws {
        let call = try Self.call(#"{"method":"a","parameters":\#(parameters)}"#)
        #expect(throws: VarlinkError.invalidParameter(name)) { try call.parameters(as: ControlParameters.Status.self) }
    }

    /// A filter that is ignored would close every connection.
    @Test(arguments: [#"{"filter":{"listner":"a"}}"#, #"{"filter":{"older_us":-1}}"#, #"{"filter":{"numbers":["1"]}}"#])
    func `a mistake in a filter is an error`(parameters: String) throws {
        let call = try Self.call(#"{"method":"a","parameters":\#(parameters)}"#)
        #expect(throws: VarlinkError.invalidParameter("filter")) {
            try call.parameters(as: ControlParameters.Close.self)
        }
        #expect(throws: VarlinkError.invalidParameter("filter")) {
            try call.parameters(as: ControlParameters.Connections.self)
        }
    }

    @Test(arguments: ["-1", "1.5", "4294967296", "1e99"]) func `a number that does not fit is named`(number: String)
        throws
    {
        let call = try Self.call(
            #"{"method":"a","parameters":{"filter":{"older_us":5000000000},"limit":\#(number)}}"#)
        #expect(throws: VarlinkError.invalidParameter("limit")) {
            try call.parameters(as: ControlParameters.Connections.self)
        }
    }

    @Test func `parameters come back as they were`() throws {
        var filter = ConnectionFilter()
        filter.numbers = [1, .max]
        filter.listener = "a b"
        filter.olderMicroseconds = 5
        let sent = ControlParameters.Connections(filter: filter, order: .bytes, limit: 40)
        var text: [UInt8] = Array(#"{"method":"a","parameters":"#.utf8)
        JSONText.append(sent, to: &text)
        text.append(UInt8(ascii: "}"))
        #expect(try VarlinkCall(text).parameters() == sent)
    }
}
