// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import PolicyAnalysis
internal import PolicyEngine
internal import PolicyModel

/// `vibrissa policy matrix`.
struct MatrixCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "matrix",
        abstract: "Shows who may talk to whom, and on what.",
        discussion: """
            Computed on sets of addresses, protocols and ports, not sampled: what is not listed is denied. Pods \
            that no policy tells apart are one group. Addresses outside the cluster appear as network sets, blocks \
            that rules name, and the rest of the internet.

            An END is a namespace (shop), a pod or workload (shop/cart), labels (shop/app=cart), an address, or one of \
            'pods', 'outside', 'internet'.

            Host endpoints are taken as addresses outside; their own policies are left to 'vibrissa policy explain'.

            Exit status: 0 done, 64 wrong usage or a name that is not there, 65 the manifests cannot be used.
            """)

    @OptionGroup var world: WorldOptions
    @OptionGroup var output: FormatOptions<MatrixFormat>

    @Option(help: ArgumentHelp("Only connections from here.", valueName: "end"))
    var from: SiteArgument?

    @Option(help: ArgumentHelp("Only connections to here.", valueName: "end"))
    var to: SiteArgument?

    @Option(help: ArgumentHelp("Only connections that begin or end here.", valueName: "end"))
    var with: SiteArgument?

    @Option(
        help: ArgumentHelp("Only this port or protocol: 5432, 8000:8100, 53/udp, icmp.", valueName: "port"))
    var port: PortArgument?

    @Flag(help: "As if staged policies were enforced.")
    var staged = false

    func run() throws {
        let world = try world.world(style: output.style)
        let remarks = world.analysisRemarks
        do {
            let snapshot = PolicySnapshot(world.state, generation: 1)
            let matrix = try ReachabilityMatrix(
                snapshot, includingStaged: staged, filter: filter(in: world.state))
            try write(MatrixReport(matrix: matrix, notes: remarks))
        } catch let error as WorldError {
            throw fail("\(error)", .validationFailure)
        } catch let error as AnalysisError {
            throw fail("\(error)", .unusableInput)
        }
        World.reportRemarks(remarks, style: output.style)
    }

    private func filter(in state: ClusterState) throws(WorldError) -> MatrixFilter {
        var filter = MatrixFilter()
        filter.source = try from?.filter(in: state)
        filter.destination = try to?.filter(in: state)
        filter.either = try with?.filter(in: state)
        filter.transport = port?.transport
        filter.ports = port?.ports
        return filter
    }

    private func write(_ report: MatrixReport) throws {
        switch output.format {
        case .text: Console.write(report.text(output.style))
        case .json: Console.write(try Document.json(report.view))
        case .yaml: Console.write(try Document.yaml(report.view))
        case .csv: Console.write(report.csv)
        case .dot: Console.write(report.dot)
        }
    }

    private func fail(_ message: String, _ status: ExitCode) -> ExitCode {
        Console.write(error: "vibrissa policy matrix: \(message)\n")
        return status
    }
}
