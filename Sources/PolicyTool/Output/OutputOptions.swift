// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser

/// The forms in which every command can answer.
public enum OutputFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    case text, json, yaml
}

/// When text is coloured.
public enum ColorChoice: String, ExpressibleByArgument, CaseIterable, Sendable {
    /// On a terminal, unless NO_COLOR is set.
    case auto
    case always
    case never
}

/// `-o` and `--color`, for a command that answers in one of the forms `Format`. The first is the default.
public struct FormatOptions<Format>: ParsableArguments
where Format: ExpressibleByArgument & CaseIterable & RawRepresentable<String> & Sendable {
    @Option(
        name: [.customShort("o"), .customLong("output")],
        help: ArgumentHelp("The form of the answer.", valueName: "format"))
    public var format: Format = Self.first

    @Option(
        help: ArgumentHelp(
            "Colours: 'auto' is on a terminal only, and never with NO_COLOR.", valueName: "when"))
    public var color: ColorChoice = .auto

    public init() {}

    private static var first: Format { Format.allCases[Format.allCases.startIndex] }

    /// How text is to be laid out here and now.
    public var style: TextStyle {
        let isColored =
            switch color {
            case .auto: Console.showsColors
            case .always: true
            case .never: false
            }
        return TextStyle(isColored: isColored, width: Console.width)
    }
}

/// `-o text|json|yaml` and `--color`.
public typealias OutputOptions = FormatOptions<OutputFormat>
