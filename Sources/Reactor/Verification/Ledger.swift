// SPDX-License-Identifier: Apache-2.0

#if DEBUG
    /// Compares counters with the objects that they count, and collects what is wrong. Debug builds only.
    ///
    /// A counter that several lanes share balances once every lane has been entered: ``Lane/verify(into:)``.
    package struct Ledger: Sendable {
        private struct Account: Sendable {
            var name: String
            var value: Int
            var holders = 0
        }

        private var accounts: [ObjectIdentifier: Account] = [:]
        private var faults: [String] = []

        /// Descriptors that an epoll instance watches, or that are on their way to another lane.
        package private(set) var descriptors: Set<CInt> = []

        /// How many pipes the lanes have.
        package var pipes = 0

        /// Makes an empty ledger.
        package init() {}

        /// Enters a counter with its present value.
        package mutating func add(_ counter: AnyObject, _ name: @autoclosure () -> String, value: Int) {
            if accounts[ObjectIdentifier(counter)] == nil {
                accounts[ObjectIdentifier(counter)] = Account(name: name(), value: value)
            }
        }

        /// Enters one object that the counter must have counted.
        package mutating func addHolder(of counter: AnyObject, _ name: @autoclosure () -> String, value: Int) {
            add(counter, name(), value: value)
            accounts[ObjectIdentifier(counter)]?.holders += 1
        }

        /// Enters a descriptor that is watched.
        package mutating func add(descriptor: CInt) { descriptors.insert(descriptor) }

        /// Notes a fault unless the condition holds.
        package mutating func expect(_ condition: Bool, _ fault: @autoclosure () -> String) {
            if !condition { faults.append(fault()) }
        }

        /// Adds the entries of another ledger.
        package mutating func merge(_ other: Ledger) {
            faults += other.faults
            descriptors.formUnion(other.descriptors)
            pipes += other.pipes
            accounts.merge(other.accounts) { own, others in
                var sum = own
                sum.holders += others.holders
                return sum
            }
        }

        /// What is wrong, in words; empty if every counter balances.
        package var problems: [String] {
            let unbalanced = accounts.values.filter { $0.value != $0.holders }
            return faults + unbalanced.map { "\($0.name): counted \($0.value), found \($0.holders)" }.sorted()
        }
    }

    /// A service or pollable with invariants that the lane cannot see.
    package protocol Verifiable {
        /// Enters its counters and what it holds of others' counters.
        func verify(into ledger: inout Ledger)
    }
#endif
