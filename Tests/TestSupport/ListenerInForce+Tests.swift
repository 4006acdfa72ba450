// SPDX-License-Identifier: Apache-2.0

public import Policy
public import Reactor
import Records

extension ListenerInForce {
    /// A listener of a new state, with one route.
    public convenience init(
        _ identifier: Int, name: String = "test", _ plan: ListenerPlan = ListenerPlan(), sharesOneLane: Bool = false,
        makeService: @escaping @Sendable () -> any Service
    ) {
        var plan = plan
        plan.routes = [Route(to: "test", sharesOneLane: sharesOneLane)]
        self.init(
            plan, label: ListenerLabel(name: name, service: "test"), state: ListenerState(identifier: identifier),
            makeService: makeService)
    }
}
