// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
package import ControlProtocol

/// The words of `usherctl upstream`. Pure.
package enum UpstreamCommand: Hashable, Sendable {
    /// To set the state or the weight of an upstream.
    case set(ControlParameters.SetUpstream)
    /// To take back what was set.
    case reset(ControlParameters.ResetUpstream)

    /// The actions, as they are written.
    package static let actions = ["drain", "disable", "enable", "weight", "reset"]

    /// What is wrong with the words.
    package struct Mistake: Error, Hashable, Sendable {
        /// A sentence for the user, without a full stop.
        package let message: String
    }

    /// Reads the words behind `upstream`.
    ///
    /// `drain | disable | enable LISTENER UPSTREAM`, `weight LISTENER UPSTREAM N`, `reset LISTENER [UPSTREAM]`.
    ///
    /// - Parameter isReset: whether `--reset` was given: any action means `reset` then, and it may be left out.
    package init(_ words: [String], isReset: Bool) throws(Mistake) {
        var words = words[...]
        let action = isReset ? "reset" : words.popFirst() ?? ""
        // The weight to reset needs not be named. A listener may have the name of an action.
        if isReset, let first = words.first, Self.actions.contains(first), words.count >= (first == "reset" ? 2 : 3) {
            words.removeFirst()
            if first == "weight" { words = words.prefix(2) }
        }
        guard Self.actions.contains(action) else {
            let nearest = NearestName.find(action, among: Self.actions).map { ": did you mean \($0)?" }
            let known = "the first word is one of \(Self.actions.joined(separator: ", "))"
            throw Mistake(
                message: action.isEmpty
                    ? known : "unknown action \(TerminalText.safe(action))\(nearest ?? "; \(known)")")
        }
        if action == "reset" {
            guard (1...2).contains(words.count) else { throw Self.expects("reset LISTENER [UPSTREAM]") }
            self = .reset(ControlParameters.ResetUpstream(listener: words.removeFirst(), upstream: words.first))
            return
        }
        guard words.count == (action == "weight" ? 3 : 2), let listener = words.popFirst(),
            let upstream = words.popFirst()
        else { throw Self.expects("\(action) LISTENER UPSTREAM\(action == "weight" ? " NUMBER" : "")") }
        var parameters = ControlParameters.SetUpstream(listener: listener, upstream: upstream)
        switch action {
        case "drain": parameters.state = .draining
        case "disable": parameters.state = .disabled
        case "enable": parameters.state = .enabled
        default:
            guard let text = words.first, let weight = Int(text), (0...256).contains(weight) else {
                throw Mistake(message: "the weight is a number from 0 to 256")
            }
            parameters.weight = weight
        }
        self = .set(parameters)
    }

    private static func expects(_ usage: String) -> Mistake { Mistake(message: "expected: usherctl upstream \(usage)") }

    /// What is true once a `set` was carried out.
    package static func sentence(_ done: ControlParameters.SetUpstream) -> String {
        let upstream = "\(TerminalText.safe(done.upstream)) of \(TerminalText.safe(done.listener))"
        switch done.state {
        case .draining: return "\(upstream) gets no new connections"
        case .disabled: return "\(upstream) gets no new connections and is not checked"
        case .enabled: return "\(upstream) gets connections"
        case nil: return "\(upstream) has weight \(done.weight ?? 0)"
        }
    }

    /// What is true once a `reset` was carried out.
    ///
    /// - Parameter count: for how many upstreams something was set.
    package static func sentence(_ done: ControlParameters.ResetUpstream, count: Int) -> String {
        let upstreams = done.upstream.map { "\(TerminalText.safe($0)) of " } ?? ""
        let what = "\(upstreams)\(TerminalText.safe(done.listener))"
        if count == 0 { return "nothing was set for \(what)" }
        return "the configuration is in force again for "
            + (done.upstream == nil ? "\(Amount.text(count, "upstream")) of \(what)" : what)
    }
}
