// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// The forms in which flows are shown.
enum FlowFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    /// What fits the terminal.
    case table
    /// A table with every column, nothing cut.
    case wide
    /// One document.
    case json
    /// One JSON object a line. `--from-file` reads it.
    case jsonl
    case csv
}

/// When tables are coloured.
enum ColorChoice: String, ExpressibleByArgument, CaseIterable, Sendable {
    /// On a terminal, unless NO_COLOR is set.
    case auto
    case always
    case never
}

/// `-o` and `--color`.
struct FlowOutputOptions: ParsableArguments {
    @Option(
        name: [.customShort("o"), .customLong("output")],
        help: ArgumentHelp("The form of the answer.", valueName: "format"))
    var format = FlowFormat.table

    @Option(
        help: ArgumentHelp(
            "Colours: 'auto' is on a terminal only, and never with NO_COLOR.", valueName: "when"))
    var color = ColorChoice.auto

    /// How a table is to be laid out here and now.
    var style: TextStyle {
        let isColored =
            switch color {
            case .auto: Console.showsColors
            case .always: true
            case .never: false
            }
        return TextStyle(isColored: isColored, width: format == .wide ? nil : Console.width)
    }
}
