// SPDX-License-Identifier: Apache-2.0

/// A story that a person can follow: steps that change manifests and traffic, and what the page then shows.
public struct Scenario: Hashable, Sendable {
    /// What follows `--scenario`, and the directory of its files below `shop/scenarios`.
    public var name: String
    public var title: String
    public var steps: [ScenarioStep]

    public init(name: String, title: String, steps: [ScenarioStep]) {
        self.name = name
        self.title = title
        self.steps = steps
    }

    /// Every scenario that the lab knows.
    public static let all = [misconfiguration, staged, supplyChain]

    /// The scenario of that name.
    public static func named(_ name: String) -> Scenario? { all.first { $0.name == name } }
}

/// One step of a scenario.
public struct ScenarioStep: Hashable, Sendable {
    public var title: String
    /// What changes and why, for the terminal.
    public var narrative: String
    /// Applied in order.
    public var changes: [ManifestChange]
    /// What to look for on the page.
    public var look: String
    /// All of them must come true.
    public var expectations: [FlowExpectation]

    public init(
        title: String, narrative: String, changes: [ManifestChange] = [], look: String,
        expectations: [FlowExpectation]
    ) {
        self.title = title
        self.narrative = narrative
        self.changes = changes
        self.look = look
        self.expectations = expectations
    }
}

/// A change of the working directory of manifests.
public enum ManifestChange: Hashable, Sendable {
    /// Put the scenario's file `source` there under the name `file`, in place of what may be there.
    case write(source: String, file: String)
    /// Remove the file; it may be gone already.
    case remove(file: String)
}

/// Where a scenario stands: for the page's status line.
public struct ScenarioProgress: Hashable, Sendable {
    public var name: String
    public var title: String
    /// From 1.
    public var step: Int
    public var steps: Int
    public var stepTitle: String
    /// What to look for now.
    public var hint: String

    public init(name: String, title: String, step: Int, steps: Int, stepTitle: String, hint: String) {
        self.name = name
        self.title = title
        self.step = step
        self.steps = steps
        self.stepTitle = stepTitle
        self.hint = hint
    }
}
