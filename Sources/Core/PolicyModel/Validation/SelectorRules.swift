// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel

extension ProblemList {
    /// Longest selector text in a policy field, in characters (policy semantics 1.4).
    private static var maximumSelectorLength: Int { 1024 }

    /// Where `global()` may stand in a selector field.
    enum GlobalTerm {
        case nowhere
        /// A rule's namespaceSelector may be exactly `global()`.
        case alone
        /// Anywhere, but it selects nothing in particular: it is true of everything.
        case meaningless
    }

    mutating func checkSelector(_ text: String, _ field: String, global: GlobalTerm = .nowhere) {
        if text.unicodeScalars.count > Self.maximumSelectorLength {
            error(
                field,
                "the selector has \(text.unicodeScalars.count) characters, at most "
                    + "\(Self.maximumSelectorLength) are allowed")
            return
        }
        let selector: Selector
        do {
            selector = try Selector(parsing: text)
        } catch {
            self.error(field, "the selector cannot be read: \(error.message)\(Self.place(error))")
            return
        }
        guard selector.mentionsGlobal || text.utf8.contains(bytes: "global(".utf8) else { return }
        switch global {
        case .nowhere:
            error(
                field, "'global()' is not allowed in this selector",
                try: "only a rule's namespaceSelector may be 'global()'")
        case .alone where text.utf8.filter({ $0 != 0x20 && $0 != 0x09 }) != Array("global()".utf8):
            error(
                field, "'global()' cannot be combined with other terms",
                try: "make it the whole namespaceSelector, and move the rest to a rule of its own")
        case .alone: break
        case .meaningless:
            warning(
                field, "'global()' has no special meaning here: it is true of everything",
                try: "only a rule's namespaceSelector may be 'global()'")
        }
    }

    private static func place(_ error: SelectorSyntaxError) -> String {
        error.offender.isEmpty
            ? ", but the text ends at column \(error.offset + 1)"
            : ", found \(error.offender.quotedForMessage) at column \(error.offset + 1)"
    }

    /// A meta/v1 LabelSelector, as Kubernetes validates it.
    mutating func checkSelector(_ selector: LabelSelector, _ field: String) {
        for entry in selector.matchLabels.entries {
            checkLabel(
                key: entry.key, value: entry.value, FieldPath.child(entry.key, of: "\(field).matchLabels"))
        }
        for (index, requirement) in selector.matchExpressions.enumerated() {
            let path = "\(field).matchExpressions[\(index)]"
            if let violation = NameRule.qualifiedName.violation(in: requirement.key) {
                error("\(path).key", "the label name \(requirement.key.quotedForMessage) \(violation)")
            }
            let name = requirement.operator.rawValue
            switch requirement.operator {
            case .isIn, .notIn:
                if requirement.values.isEmpty {
                    error("\(path).values", "'\(name)' needs at least one value")
                }
            case .exists, .doesNotExist:
                if !requirement.values.isEmpty { error("\(path).values", "'\(name)' takes no values") }
            }
            for (position, value) in requirement.values.enumerated() {
                guard let violation = NameRule.labelValue.violation(in: value) else { continue }
                error("\(path).values[\(position)]", "the label value \(value.quotedForMessage) \(violation)")
            }
        }
    }

    mutating func checkLabel(key: String, value: String, _ field: String) {
        if let violation = NameRule.qualifiedName.violation(in: key) {
            error(field, "the label name \(key.quotedForMessage) \(violation)")
        }
        if let violation = NameRule.labelValue.violation(in: value) {
            error(field, "the label value \(value.quotedForMessage) \(violation)")
        }
    }
}

extension LabelSelector {
    /// What makes Kubernetes refuse the selector that stands in `field`.
    public func problems(_ field: String) -> [Diagnostic] {
        var list = ProblemList(resource: "")
        list.checkSelector(self, field)
        return list.diagnostics
    }
}

extension Selector {
    fileprivate var mentionsGlobal: Bool { replacingGlobal(with: .all) != self }
}
