// SPDX-License-Identifier: Apache-2.0

/// One thing that `vibrissa server` can be told: its names, its default, what is accepted, what it is for.
public struct Setting: Sendable {
    /// Headings of the help and of the reference page, in order.
    public enum Group: String, CaseIterable, Sendable {
        case general = "General"
        case grpc = "gRPC server"
        case http = "Console and HTTP API"
        case goldmane = "Remote server"
        case store = "History"
        case emitter = "Emitter"
        case health = "Health and metrics"
    }

    /// A name that another product uses for the setting.
    public struct Variable: Hashable, Sendable {
        /// Which of the two products that are replaced.
        public enum Scope: Hashable, Sendable {
            case always
            /// Only without a remote server, as Goldmane understands it.
            case asGoldmane
            /// Only with a remote server, as whisker-backend understands it.
            case asWhiskerBackend
        }

        public let name: String
        public let scope: Scope

        func applies(isRemote: Bool) -> Bool {
            switch scope {
            case .always: true
            case .asGoldmane: !isRemote
            case .asWhiskerBackend: isRemote
            }
        }
    }

    /// Lower case words joined by hyphens: the flag after `--`, and the key in the file.
    public let name: String
    public let group: Group
    /// Other names in the environment; `ownVariable` wins over them, and the first over the second.
    public let variables: [Variable]
    /// As it would be written; empty: no value.
    public let defaultText: String
    /// Completes "it must be …".
    public let accepted: String
    /// A word for the value.
    public let placeholder: String
    /// One or two sentences.
    public let help: String
    /// Whether the flag stands alone, with `--no-` for the opposite.
    public let isSwitch: Bool

    /// False when the text is not accepted.
    let store: @Sendable (String, inout ServerSettings) -> Bool

    /// The default is that of the field.
    init<Value>(
        _ name: String, _ group: Group, _ field: any WritableKeyPath<ServerSettings, Value> & Sendable,
        _ form: ValueForm<Value>, variables: [Variable] = [], default defaultText: String? = nil, help: String
    ) {
        self.name = name
        self.group = group
        self.variables = variables
        self.defaultText = defaultText ?? form.text(ServerSettings()[keyPath: field])
        accepted = form.accepted
        placeholder = form.placeholder
        self.help = help
        isSwitch = Value.self == Bool.self
        store = { text, settings in
            guard let value = form.parse(text) else { return false }
            settings[keyPath: field] = value
            return true
        }
    }

    /// `VIBRISSA_GRPC_LISTEN`.
    public var ownVariable: String {
        "VIBRISSA_" + name.uppercased().replacing("-", with: "_")
    }

    /// Nil for a name that is none of them.
    public static func named(_ name: String) -> Setting? { byName[name] }

    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
}

extension Setting.Variable {
    static func theirs(_ name: String) -> Self { Self(name: name, scope: .always) }
    static func goldmane(_ name: String) -> Self { Self(name: name, scope: .asGoldmane) }
    static func backend(_ name: String) -> Self { Self(name: name, scope: .asWhiskerBackend) }
}
