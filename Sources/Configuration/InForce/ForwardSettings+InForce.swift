// SPDX-License-Identifier: Apache-2.0

import Addresses
import ProxyProtocol
import Relaying

extension ForwardSettings {
    /// The keys of the service, and the tables `health`, `eject` and `to`.
    ///
    /// - Parameters:
    ///   - listener: the listener that has these settings.
    ///   - written: the lines of the keys in its table.
    func settings(of listener: ListenerSettings, written: [String: SettingLine]) -> [SettingInForce] {
        let names = ["listener", listener.name]
        var list = SettingList(section: TOMLText.header(names), written: written)
        if let framing { list.add("framing", TOMLText.string(framing.rawValue)) }
        list.add("balance", TOMLText.string(balance.rawValue))
        list.add("attempts", String(attempts))
        list.add("connect-timeout", TOMLText.duration(connectTimeout))
        list.add("queue-timeout", TOMLText.duration(queueTimeout))
        list.add("queue-limit", String(queueLimit))
        list.add("resolve-interval", resolveInterval.map(TOMLText.duration))
        list.add("source", source.map { TOMLText.string(Self.host(of: $0)) })
        list.add("send-proxy", sendProxyText)
        if listener.listen.contains(where: { $0.endpoint.scheme == .can }) {
            list.add("flow", TOMLText.string((takesBusAsOne ? FlowSource.bus : .identifier).rawValue))
        }
        list.add("on-down", TOMLText.string(onDown.rawValue))
        list.add("half-close-timeout", TOMLText.orOff(halfCloseTimeout))
        list.add("progress-interval", TOMLText.orOff(progressInterval))
        var tables: [SettingInForce] = []
        if let health {
            tables += health.settings(section: TOMLText.header(names + ["health"]), written: written)
        } else {
            list.add("health", "false")
        }
        if let eject, health == nil {
            tables += eject.settings(section: TOMLText.header(names + ["eject"]), written: written)
        } else if eject == nil {
            list.add("eject", "false")
        }
        for (index, upstream) in upstreams.enumerated() {
            tables += upstream.settings(
                section: TOMLText.header(names + ["to"]), index: index, written: written)
        }
        return list.settings + tables
    }

    private var sendProxyText: String {
        switch (sendProxy, sendsProxyEach) {
        case (nil, _): "false"
        case (.v1, _): TOMLText.string("v1")
        case (.v2, false): TOMLText.string("v2")
        case (.v2, true): TOMLText.string("v2-each")
        }
    }
}

extension HealthSettings {
    fileprivate func settings(section: String, written: [String: SettingLine]) -> [SettingInForce] {
        var list = SettingList(section: section, below: "health.", written: written)
        list.add("interval", TOMLText.duration(interval))
        list.add("timeout", TOMLText.duration(timeout))
        list.add("rise", String(rise))
        list.add("fall", String(fall))
        list.add("send", send.map { TOMLText.string(String(decoding: $0, as: UTF8.self)) })
        list.add("expect", expect.map { TOMLText.string(String(decoding: $0, as: UTF8.self)) })
        return list.settings
    }
}

extension EjectionSettings {
    fileprivate func settings(section: String, written: [String: SettingLine]) -> [SettingInForce] {
        var list = SettingList(section: section, below: "eject.", written: written)
        list.add("failures", String(failures))
        list.add("window", TOMLText.duration(window))
        list.add("first", TOMLText.duration(first))
        list.add("longest", TOMLText.duration(longest))
        return list.settings
    }
}

extension UpstreamSettings {
    fileprivate func settings(
        section: String, index: Int, written: [String: SettingLine]
    ) -> [SettingInForce] {
        var list = SettingList(section: section, index: index, below: "to.\(index).", written: written)
        // One upstream may be written without an array, and as a string: then its place is that of the item or the key.
        let place = ["to.\(index)", "to.address", "to"].first { written[$0] != nil } ?? "to"
        if written["to.\(index)"] == nil {
            list = SettingList(section: section, index: index, below: "to.", written: written)
        }
        list.add("address", TOMLText.string(endpoint.description), orAt: place)
        list.add("weight", String(weight))
        list.add("max-connections", maxConnections.map { String($0) })
        list.add("backup", TOMLText.boolean(isBackup))
        // Those of the listener apply unless it has its own.
        if list.has("keepalive") { list.add("keepalive", timers.keepAliveText) }
        if list.has("user-timeout") { list.add("user-timeout", timers.userTimeoutText) }
        return list.settings
    }
}
