// SPDX-License-Identifier: Apache-2.0

package import ControlProtocol

extension ControlConnection {
    /// `PlanReload`: what a reload would do. Waits as long as names take to resolve.
    package func planReload() throws(ControlFailure) -> ControlResults.PlanReload {
        try call(.planReload, ControlParameters.None(), isPatient: true)
    }
}
