// SPDX-License-Identifier: Apache-2.0

package import Configuration
package import ControlProtocol

extension Setting {
    /// A setting as a client gets it.
    package init(_ setting: SettingInForce) {
        let origin: Origin =
            switch setting.origin {
            case .standard: .standard
            case .inherited: .inherited
            case .written: .written
            }
        self.init(
            section: setting.section, index: setting.index, key: setting.key, value: setting.value, origin: origin,
            file: setting.origin.line?.file, line: setting.origin.line?.line)
    }
}
