// SPDX-License-Identifier: Apache-2.0

package import ControlProtocol

extension ControlConnection {
    /// `Config`: the configuration in force, or that of one listener.
    package func config(of listener: String? = nil) throws(ControlFailure) -> ControlResults.Config {
        try call(.config, ControlParameters.Config(listener: listener))
    }
}
