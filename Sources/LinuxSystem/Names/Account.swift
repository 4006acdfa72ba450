// SPDX-License-Identifier: Apache-2.0

public import Addresses
import Glibc

/// An account of this host: passwd(5), with the groups of group(5).
public struct Account: Equatable, Sendable {
    /// The name; `uid NUMBER` if the user has none.
    public var name: String

    /// The user number.
    public var user: UInt32

    /// The number of the user's primary group.
    public var group: UInt32

    /// The numbers of all groups of the user, including the primary group.
    public var groups: Set<UInt32>

    /// Makes an account.
    public init(name: String, user: UInt32, group: UInt32, groups: Set<UInt32>) {
        self.name = name
        self.user = user
        self.group = group
        self.groups = groups.union([group])
    }

    /// Looks up an account by name: getpwnam_r(3), getgrouplist(3).
    ///
    /// - Returns: nil if there is no such user.
    public init?(named name: String) throws(NameLookupFailure) {
        guard let (user, group) = try NameService.passwordEntry(of: name) else { return nil }
        self.init(name: name, user: user, group: group, groups: Self.groups(of: name, group))
    }

    /// The account that this process runs as: its effective user and its groups.
    public static var ofThisProcess: Account {
        let user = geteuid()
        return Account(
            name: NameService.userName(of: user) ?? "uid \(user)", user: user, group: getegid(),
            groups: ownGroups())
    }

    private static func groups(of name: String, _ group: UInt32) -> Set<UInt32> {
        var count: CInt = 64
        while true {
            var list = [gid_t](repeating: 0, count: Int(count))
            let room = count
            // unsafe: the array has room for `count` numbers, and `count` is a local.
            if unsafe getgrouplist(name, group, &list, &count) >= 0 { return Set(list.prefix(Int(count))) }
            // On failure `count` is set to the number that is needed.
            guard count > room, count < 65_537 else { return [group] }
        }
    }

    private static func ownGroups() -> Set<UInt32> {
        let count = getgroups(0, nil)
        guard count > 0 else { return [] }
        var list = [gid_t](repeating: 0, count: Int(count))
        // unsafe: the array has room for `count` numbers.
        let got = unsafe getgroups(count, &list)
        return Set(list.prefix(Int(max(got, 0))))
    }
}

extension Account {
    /// Runs `body` with this account's effective user and groups, and then restores the former ones.
    ///
    /// This changes the whole process, which must run as root and have one thread.
    public func perform<Result>(_ body: () -> Result) throws(SystemError) -> Result {
        let before = Account.ofThisProcess
        guard before.user != user else { return body() }
        try Self.setGroups(Array(groups), group: group)
        _ = try systemCall("seteuid") { seteuid(user) }
        let result = body()
        // The real user is still root, so only a bug or a system-call filter can make this fail.
        _ = try systemCall("seteuid") { seteuid(before.user) }
        try Self.setGroups(Array(before.groups), group: before.group)
        return result
    }

    private static func setGroups(_ groups: [UInt32], group: UInt32) throws(SystemError) {
        let count = groups.count
        // unsafe: the array has `count` numbers, and its pointer lives for the call.
        try unsafe groups.withUnsafeBufferPointer { (groups) throws(SystemError) in
            _ = try systemCall("setgroups") { unsafe setgroups(count, groups.baseAddress) }
        }
        _ = try systemCall("setegid") { setegid(group) }
    }
}
