// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser

/// The forms of findings in files.
public enum FindingsFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    case text, json, yaml, sarif, junit
}
