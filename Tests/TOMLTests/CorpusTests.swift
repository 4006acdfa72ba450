// SPDX-License-Identifier: Apache-2.0

import Foundation
import TOML
import Testing

/// The conformance corpus of the TOML project. `USHER_TOML_TEST` names another copy of it.
@Suite struct CorpusTests {
    @Test(arguments: Corpus.documents(in: "valid"))
    func `a valid document is read as its typed JSON says`(_ name: String) throws {
        let bytes = try Corpus.bytes(of: name)
        let document = TOMLDocument.parse(bytes)
        #expect(document.problems == [])
        #expect(invariantFailures(of: bytes) == [])
        let expected = try JSONSerialization.jsonObject(
            with: Data(Corpus.bytes(of: name.dropLast(".toml".count) + ".json")))
        #expect(TypedJSON.differences(of: document.root, from: expected) == [])
    }

    @Test(arguments: Corpus.documents(in: "invalid"))
    func `an invalid document is rejected`(_ name: String) throws {
        let bytes = try Corpus.bytes(of: name)
        #expect(!TOMLDocument.parse(bytes).problems.isEmpty)
        #expect(invariantFailures(of: bytes) == [])
    }

    @Test func `the corpus is complete`() {
        #expect(Corpus.documents(in: "valid").count == 210)
        #expect(Corpus.documents(in: "invalid").count == 499)
    }
}
