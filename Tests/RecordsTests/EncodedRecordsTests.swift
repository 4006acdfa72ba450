// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Records

@Suite struct EncodedRecordsTests {
    @Test(arguments: RecordEncoding.allCases)
    func `a record is encoded only for the existing sinks`(encoding: RecordEncoding) {
        var encoders = RecordEncoders(colour: false)
        var ofConnection = EncodedRecords()
        ofConnection.append(Samples.flow, in: RecordEncodings(encoding), by: &encoders)
        var ofDaemon = EncodedRecords()
        ofDaemon.append(DaemonRecord(time: 1, .warning, "a"), in: RecordEncodings(encoding), by: &encoders)
        for records in [ofConnection, ofDaemon] {
            // Frames are where JSON is.
            let others = RecordEncoding.allCases.filter {
                [$0, encoding] != [.json, .feed] && [$0, encoding] != [.feed, .json]
            }
            for other in others { #expect(records[other].isEmpty == (other != encoding)) }
            #expect(records.count == 1 && records.byteCount == records[encoding].count)
        }
    }
}
