// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser

/// The forms of test results.
public enum ResultsFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    case text, json, yaml, junit
}
