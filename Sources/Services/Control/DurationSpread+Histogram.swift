// SPDX-License-Identifier: Apache-2.0

package import ControlProtocol
package import Reactor

extension DurationSpread {
    /// The spread of a histogram of microseconds.
    package init(_ histogram: LogHistogram) {
        self.init(
            count: histogram.count, p50: histogram.quantile(0.5) ?? 0, p90: histogram.quantile(0.9) ?? 0,
            p99: histogram.quantile(0.99) ?? 0)
    }
}
