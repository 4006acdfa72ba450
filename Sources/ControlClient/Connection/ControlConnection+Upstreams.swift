// SPDX-License-Identifier: Apache-2.0

package import ControlProtocol

/// The methods that steer upstreams.
extension ControlConnection {
    /// `SetUpstream`: sets the state or the weight of an upstream.
    package func set(_ parameters: ControlParameters.SetUpstream) throws(ControlFailure) {
        _ = try call(.setUpstream, parameters, as: VarlinkReply.Empty.self)
    }

    /// `ResetUpstream`: takes back what was set for an upstream, or for all of a listener.
    ///
    /// - Returns: for how many something was set.
    package func reset(_ parameters: ControlParameters.ResetUpstream) throws(ControlFailure) -> ControlResults.Count {
        try call(.resetUpstream, parameters)
    }
}
