// SPDX-License-Identifier: Apache-2.0

package import ControlProtocol

extension ControlConnection {
    /// `Explain`: what listeners would do with a connection from an address.
    package func explain(_ address: String, to listener: String?) throws(ControlFailure) -> ControlResults.Explain {
        try call(.explain, ControlParameters.Explain(address: address, listener: listener))
    }
}
