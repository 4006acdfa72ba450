// SPDX-License-Identifier: Apache-2.0

import ControlProtocol
import Reactor
import Relaying

/// The methods that steer upstreams.
extension ControlWorker {
    /// `SetUpstream`.
    func setUpstream(_ call: VarlinkCall) throws(VarlinkError) {
        let parameters: ControlParameters.SetUpstream = try call.parameters()
        let (state, weight) = (parameters.state, parameters.weight)
        guard state != nil || weight != nil else { throw .invalidParameter("state") }
        if let weight, !UpstreamOverride.weights.contains(weight) { throw .invalidParameter("weight") }
        let words = [state?.command, weight.map { "weight \($0)" }].compactMap(\.self).joined(separator: " and ")
        try expectOperator(for: "upstream \(words): \(parameters.upstream) of \(parameters.listener)")
        ask(.setUpstream(parameters.upstream, of: parameters.listener, state: state, weight: weight))
    }

    /// `ResetUpstream`.
    func resetUpstream(_ call: VarlinkCall) throws(VarlinkError) {
        let parameters: ControlParameters.ResetUpstream = try call.parameters()
        let which = parameters.upstream.map { "\($0) of \(parameters.listener)" } ?? parameters.listener
        try expectOperator(for: "upstream reset: \(which)")
        ask(.resetUpstreams(parameters.upstream, of: parameters.listener))
    }
}

extension WantedUpstreamState {
    /// The command of usherctl.
    fileprivate var command: String {
        switch self {
        case .enabled: "enable"
        case .draining: "drain"
        case .disabled: "disable"
        }
    }
}
