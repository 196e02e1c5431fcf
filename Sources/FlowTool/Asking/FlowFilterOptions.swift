// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import FlowModel

/// Which flows: every flag is a condition and all must hold; a flag that is repeated holds for one of its
/// values.
struct FlowFilterOptions: ParsableArguments {
    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "Sent by this pod, workload or network set: NAME, NAMESPACE/NAME, NAMESPACE/, or 'internet'.",
            valueName: "end"))
    var from: [EndArgument] = []

    @Option(
        parsing: .singleValue, help: ArgumentHelp("Sent to this one, in the same forms.", valueName: "end"))
    var to: [EndArgument] = []

    @Option(parsing: .singleValue, help: ArgumentHelp("Either end is in this namespace.", valueName: "name"))
    var namespace: [String] = []

    @Option(parsing: .singleValue, help: ArgumentHelp("The sender is in this namespace.", valueName: "name"))
    var fromNamespace: [String] = []

    @Option(
        parsing: .singleValue, help: ArgumentHelp("The receiver is in this namespace.", valueName: "name"))
    var toNamespace: [String] = []

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("The destination port: 5432, or a range 8000:8100.", valueName: "port"))
    var port: [PortArgument] = []

    @Option(
        name: .customLong("protocol"), parsing: .singleValue,
        help: ArgumentHelp("The protocol: tcp, udp, icmp, icmp6, sctp, or its number.", valueName: "name"))
    var transport: [ProtocolArgument] = []

    @Option(help: "What became of it.")
    var verdict: VerdictArgument?

    @Flag(help: "Only what staged policies would decide otherwise if they were enforced.")
    var pending = false

    @Option(help: "The end that saw it.")
    var reporter: ReporterArgument?

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "A rule of this policy, enforced or staged, took part: NAME, NAMESPACE/NAME, or either after "
                + "a kind as in knp:shop/web.", valueName: "policy"))
    var policy: [PolicyArgument] = []

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "One end has these labels: KEY=VALUE or KEY; several with commas must all be there.",
            valueName: "labels"))
    var label: [LabelArgument] = []

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("A sampled address of either end is in this block.", valueName: "cidr"))
    var ip: [BlockArgument] = []

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("Sent to this Service: NAME or NAMESPACE/NAME.", valueName: "service"))
    var service: [ServiceArgument] = []

    @Option(
        help: ArgumentHelp(
            "A condition in the filter language, for what flags cannot say: 'not dest.name = db-0'.",
            valueName: "text"))
    var filter: String?

    @Flag(help: "Show the filter that the flags come to, in the filter language, and ask nothing.")
    var printFilter = false

    /// - Throws: why the text of `--filter` cannot be used, with the place.
    func expression() throws(FlowRefusal) -> FlowExpression {
        var conditions: [FlowExpression?] = [
            .any(of: from.map { $0.expression(.source) }), .any(of: to.map { $0.expression(.destination) }),
            .any(
                of: namespace.flatMap { name in
                    [FlowTextField.sourceNamespace, .destinationNamespace].map {
                        .text($0, .init(.equals, name))
                    }
                }),
            .any(of: fromNamespace.map { .text(.sourceNamespace, .init(.equals, $0)) }),
            .any(of: toNamespace.map { .text(.destinationNamespace, .init(.equals, $0)) }),
            .any(of: port.map { .number(.destinationPort, $0.range) }),
            .any(of: transport.map { .text(.transport, .init(.equals, $0.name)) }),
            verdict.map { .action($0.action) },
            pending ? Self.wouldChange : nil,
            reporter.map { .reporter($0.reporter) },
            .any(of: policy.map { .policy($0.condition) }),
            .any(of: label.map(\.expression)),
            .any(of: ip.flatMap { [.address(.source, $0.prefix), .address(.destination, $0.prefix)] }),
            .any(of: service.map(\.expression)),
        ]
        if let filter { conditions.append(try Self.parsed(filter)) }
        // Neither a condition that always holds nor one inside another says anything.
        let parts = conditions.compactMap { $0 }.flatMap { part -> [FlowExpression] in
            if case .all(let inner) = part { inner } else { part == .always ? [] : [part] }
        }
        return .all(of: parts)
    }

    /// Allow and deny end a trace, so that the pending one has a hit with the action is its verdict.
    private static let wouldChange = FlowExpression.any([
        .all([.action(.allow), .pendingAction(.deny)]), .all([.action(.deny), .pendingAction(.allow)]),
    ])

    private static func parsed(_ text: String) throws(FlowRefusal) -> FlowExpression {
        do {
            return try FlowExpression(parsing: text)
        } catch {
            throw FlowRefusal(
                "--filter cannot be understood: \(error)", excerpt: error.excerpt(of: text),
                status: .validationFailure)
        }
    }
}
