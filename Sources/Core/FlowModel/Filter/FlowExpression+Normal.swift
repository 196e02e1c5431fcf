// SPDX-License-Identifier: Apache-2.0

extension FlowExpression {
    /// An expression that holds for the same flows, in the form that parsing gives: no `all` directly in an `all`
    /// and no `any` in an `any`, none of a single part, no double `not`, and the constants `.always` and
    /// `.any([])` only as the whole.
    public var normalized: FlowExpression {
        switch self {
        case .not(let inner):
            switch inner.normalized {
            case .not(let twice): return twice
            case .always: return .never
            case .any(let parts) where parts.isEmpty: return .always
            case let inner: return .not(inner)
            }
        case .all(let parts):
            var flat: [FlowExpression] = []
            for part in parts {
                switch part.normalized {
                case .always: continue
                case .any(let none) where none.isEmpty: return .never
                case .all(let inner): flat += inner
                case let part: flat.append(part)
                }
            }
            return flat.isEmpty ? .always : flat.count == 1 ? flat[0] : .all(flat)
        case .any(let parts):
            var flat: [FlowExpression] = []
            for part in parts {
                switch part.normalized {
                case .always: return .always
                case .any(let inner): flat += inner
                case let part: flat.append(part)
                }
            }
            return flat.count == 1 ? flat[0] : .any(flat)
        default: return self
        }
    }

    /// Holds for no flow.
    static let never = FlowExpression.any([])
}
