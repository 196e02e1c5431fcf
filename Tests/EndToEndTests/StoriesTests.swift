// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// The stories, unattended, with what a person would see on the page read over HTTP while they run.
    @Suite("The lab's stories", .serialized, .enabled(if: kernelTestsRun))
    struct StoriesTests {
        static let toDatabase = "shop/catalog-5c9f7d8b6d-* -> data/db-0:5432"

        private static func denied(_ row: FlowRow, by policy: String) -> Bool {
            row.ends == toDatabase && row.action == "Deny" && row.names(policy)
        }

        private static func allowed(_ row: FlowRow, by policy: String) -> Bool {
            row.ends == toDatabase && row.action == "Allow" && row.reporter == "Dst" && row.names(policy)
        }

        @Test(
            "misconfiguration: the page names the policy and rule that cut the database, then it works again")
        func misconfiguration() throws {
            let lab = try LabProcess(["--scenario", "misconfiguration", "--auto"])
            let before = try lab.row(since: 60, "allowed by db") { Self.allowed($0, by: "db") }
            #expect(before.destServiceName == "db")
            let denial = try lab.row("denied by db-access") { Self.denied($0, by: "db-access") }
            #expect(denial.policies.enforced.last?.ruleIndex == 1)
            #expect(denial.policies.enforced.last?.kind == "CalicoNetworkPolicy")
            #expect(denial.generation > before.generation)
            let after = try lab.row("allowed by db-access") { Self.allowed($0, by: "db-access") }
            #expect(after.policies.enforced.last?.ruleIndex == 0)
            #expect(lab.exitStatus(within: 60) == 0, "\(lab.output)\(lab.errors)")
        }

        @Test("staged: flows stay allowed while the pending trace shows the denial, and nothing breaks")
        func staged() throws {
            let lab = try LabProcess(["--scenario", "staged", "--auto"])
            let pending = try lab.row("pending deny") {
                $0.ends == Self.toDatabase && $0.pendingAction == "Deny"
            }
            #expect(pending.action == "Allow")
            #expect(pending.policies.pending.last?.kind == "StagedNetworkPolicy")
            #expect(pending.policies.enforced.allSatisfy { $0.name != "db-access" })
            _ = try lab.row("enforced") { Self.allowed($0, by: "db-access") }
            // From the beginning until now: not one denied attempt of the shop at its database.
            let denials = try lab.http.firstEvent(of: "/api/v1/flows/live?since=600", within: 2) { event in
                event.name != "flows"
                    ? nil
                    : try ConsoleBody.decode(FlowRows.self, event.data).rows
                        .first { $0.ends == Self.toDatabase && $0.action == "Deny" }
            }
            #expect(denials == nil)
            #expect(lab.exitStatus(within: 60) == 0, "\(lab.output)\(lab.errors)")
        }

        @Test(
            "supply chain: the attack is seen, its quarantine rehearsed, then denied while business goes on")
        func supplyChain() throws {
            let lab = try LabProcess(["--scenario", "supply-chain", "--auto"])
            let recommender = "recommender-6d4f9c8b7-*"
            let attack = try lab.row("call to an unknown address") {
                $0.sourceName == recommender && $0.destName == "PUBLIC NETWORK" && $0.destPort == 443
            }
            #expect(attack.action == "Allow" && attack.reporter == "Src")
            let probe = try lab.row("probe of a neighbour") {
                $0.sourceName == recommender && $0.action == "Deny" && $0.destName == "db-0"
            }
            #expect(probe.reporter == "Dst")
            let rehearsal = try lab.row("staged quarantine") {
                $0.sourceName == recommender && $0.destName == "PUBLIC NETWORK"
                    && $0.pendingAction == "Deny"
            }
            #expect(rehearsal.action == "Allow")
            let denial = try lab.row("enforced quarantine") {
                $0.sourceName == recommender && $0.destName == "PUBLIC NETWORK" && $0.action == "Deny"
            }
            #expect(denial.names("quarantine-recommender"))
            let business = try lab.row("business goes on") {
                $0.sourceName == recommender && $0.destNamespace == "shop" && $0.action == "Allow"
                    && $0.names("quarantine-recommender")
            }
            #expect(business.destPort == 8080)
            #expect(lab.exitStatus(within: 60) == 0, "\(lab.output)\(lab.errors)")
        }
    }
}
