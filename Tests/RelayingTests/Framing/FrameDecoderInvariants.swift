// SPDX-License-Identifier: Apache-2.0

@testable import Relaying

/// What holds for whatever a stream brings and wherever reads cut it, in sentences where it does not. Fuzzing checks the
/// same.
///
/// The first byte chooses the framing; the rest is a ``stream(of:)`` in short.
func frameDecoderInvariantFailures(of bytes: [UInt8]) -> [String] {
    guard let first = bytes.first else { return [] }
    let framing: Framing = first & 1 == 0 ? .lines : .length16
    let (stream, marks) = stream(of: bytes.dropFirst())
    let model = FrameModel(framing, stream[...])
    var failures: Set<String> = []
    for cuts in cutLists(of: stream.count, marks) {
        for refusals in 0...1 {
            var run = FrameRun(framing, refusals: refusals)
            run.play(stream, cuts: cuts)
            if run.messages != model.messages {
                failures.insert("\(run.messages.count) messages, not \(model.messages.count), cut at \(cuts)")
            }
            if run.mistake != model.mistake {
                failures.insert("\(run.mistake as Any), not \(model.mistake as Any), cut at \(cuts)")
            }
            if let failure = run.failure { failures.insert("\(failure), cut at \(cuts)") }
        }
    }
    return failures.sorted()
}

/// A stream in short, with the places in it that matter: 0xfe N is a run of 4 N bytes, 0xff N one of 65 500 + N % 16,
/// and every other byte is itself.
private func stream(of bytes: ArraySlice<UInt8>) -> (stream: [UInt8], marks: Set<Int>) {
    var stream: [UInt8] = []
    var marks: Set<Int> = []
    var rest = bytes
    // Enough for four messages of the greatest length.
    while let byte = rest.popFirst(), stream.count < 4 << 16 {
        var length = 1
        if byte == 0xfe, let count = rest.popFirst() { length = 4 * Int(count) }
        if byte == 0xff, let count = rest.popFirst() { length = 65_500 + Int(count % 16) }
        stream += [UInt8](repeating: length == 1 ? byte : UInt8(ascii: "x"), count: length)
        marks.insert(stream.count)
    }
    return (stream, marks)
}

/// Where to cut a stream: nowhere, at each place that matters or near one, at two such places, and everywhere.
private func cutLists(of count: Int, _ marks: Set<Int>) -> [[Int]] {
    let places = Set(marks.flatMap { [$0 - 1, $0, $0 + 1] }).filter { (1..<max(count, 1)).contains($0) }.sorted()
    let isShort = count <= 256
    let first = isShort ? Array(1..<max(count, 1)) : Array(places.prefix(64))
    let pairs = Array(first.prefix(isShort ? 24 : 8))
    return [[]] + first.map { [$0] } + pairs.flatMap { one in pairs.filter { $0 > one }.map { [one, $0] } }
        + [isShort ? first : Array(places.prefix(512))]
}

/// What the messages of a whole stream are, found in the plainest way.
private struct FrameModel {
    private(set) var messages: [[UInt8]] = []
    private(set) var mistake: FramingMistake?

    /// - Parameter isWhole: whether the stream ends there.
    init(_ framing: Framing, _ stream: ArraySlice<UInt8>, isWhole: Bool = true) {
        var rest = stream
        while mistake == nil {
            let before = rest.startIndex
            switch framing {
            case .lines: cutLine(from: &rest, framing.longestMessage, isWhole)
            case .length16: cutCounted(from: &rest)
            }
            if rest.startIndex == before { break }
        }
        if isWhole, framing == .length16, !rest.isEmpty { mistake = .truncated }
    }

    private mutating func cutLine(from rest: inout ArraySlice<UInt8>, _ longest: Int, _ isWhole: Bool) {
        guard let end = rest.firstIndex(of: 10) ?? (isWhole && !rest.isEmpty ? rest.endIndex : nil) else {
            // One more may be a CR before the LF that is to come.
            if rest.count > longest + (rest.last == 13 ? 1 : 0) { mistake = .tooLong }
            return
        }
        var line = rest[..<end]
        if end < rest.endIndex, line.last == 13 { line.removeLast() }
        guard line.count <= longest else { return mistake = .tooLong }
        messages.append(Array(line))
        rest = rest[min(end + 1, rest.endIndex)...]
    }

    private mutating func cutCounted(from rest: inout ArraySlice<UInt8>) {
        guard rest.count >= 2 else { return }
        let length = Int(rest[rest.startIndex]) * 256 + Int(rest[rest.startIndex + 1])
        guard rest.count - 2 >= length else { return }
        messages.append(Array(rest.dropFirst(2).prefix(length)))
        rest = rest.dropFirst(2 + length)
    }
}

/// A decoder that is given a stream in parts, by a reader that takes each message after so many refusals.
private struct FrameRun {
    private let framing: Framing
    private let refusals: Int
    private var decoder: FrameDecoder
    private(set) var messages: [[UInt8]] = []
    private(set) var mistake: FramingMistake?

    /// What was wrong on the way.
    private(set) var failure: String?

    init(_ framing: Framing, refusals: Int) {
        self.framing = framing
        self.refusals = refusals
        decoder = FrameDecoder(framing)
    }

    mutating func play(_ stream: [UInt8], cuts: [Int]) {
        var start = 0
        for end in cuts + [stream.count] where mistake == nil {
            let part = Array(stream[start..<end])
            start = end
            proceed { decoder, take throws(FramingMistake) in try decoder.decode(part.span.bytes, take) }
            checkDrop(stream[..<end], isOver: false)
            while mistake == nil, decoder.isStalled {
                proceed { decoder, take throws(FramingMistake) in try decoder.resume(take) }
            }
            checkDrop(stream[..<end], isOver: start == stream.count)
        }
        while mistake == nil {
            proceed { decoder, take throws(FramingMistake) in try decoder.end(take) }
            guard decoder.isStalled else { break }
        }
        guard mistake == .tooLong else { return }
        if decoder.isHolding { failure = "it holds what cannot be understood" }
        let delivered = messages.count
        proceed { decoder, take throws(FramingMistake) in try decoder.decode([10, 0, 0, 10].span.bytes, take) }
        if messages.count != delivered { failure = "it goes on after a mistake" }
        if decoder.drop(isOver: true) != 0 { failure = "it counts what cannot be understood" }
    }

    private mutating func proceed(
        _ step: (inout FrameDecoder, (RawSpan) -> Bool) throws(FramingMistake) -> Void
    ) {
        var taken: [[UInt8]] = []
        var patience = refusals
        let take = { (message: RawSpan) -> Bool in
            patience -= 1
            // After a refusal, the next call takes one.
            guard patience < 0 else { return false }
            var copy: [UInt8] = []
            copy.append(copying: message)
            taken.append(copy)
            return true
        }
        do throws(FramingMistake) {
            // Stalled, it is to deliver one this time.
            if decoder.isStalled { patience = 0 }
            try step(&decoder, take)
        } catch {
            mistake = error
        }
        messages += taken
    }

    /// What waits when a connection ends is counted, whenever that is.
    private mutating func checkDrop(_ stream: ArraySlice<UInt8>, isOver: Bool) {
        guard mistake == nil else { return }
        var decoder = decoder
        let count = decoder.drop(isOver: isOver)
        let wanted = FrameModel(framing, stream, isWhole: isOver).messages.count - messages.count
        if count != wanted { failure = "\(count) messages are counted as waiting, not \(wanted)" }
        if decoder.isHolding || decoder.isStalled { failure = "what was dropped is held" }
    }
}
