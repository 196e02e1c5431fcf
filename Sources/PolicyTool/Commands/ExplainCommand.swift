// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import PolicyEngine
internal import PolicyModel

/// `vibrissa policy explain`.
struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Says why policies allow or deny a connection, step by step.",
        usage: "vibrissa policy explain [OPTIONS] SRC DST[:PORT[/PROTO]]",
        discussion: """
            SRC and DST name one of these:

              shop/cart             a pod, the pods of a workload, or a Service
              cart                  the same in whichever namespace has it; a node
              shop/app=cart         the pods with a label
              pod/shop/cart-0       deployment/shop/cart      svc/shop/cart
              node/worker-1         set/partners              set/shop/partners
              203.0.113.9  fd00::7  an address; with a port [fd00::7]:53
              internet              any address outside that no policy knows
              unknown               an endpoint of which nothing is known

            PORT is a number or a name, PROTO tcp (default), udp, sctp or a number. \
            ICMP has no port: shop/db/icmp, shop/db/icmp:8/0. Without a port the only \
            one that can be meant is taken.

            Examples:
              vibrissa policy explain -f policies/ shop/cart shop/db:5432
              vibrissa policy explain internet svc/shop/front:80 -o json
              kubectl get -A -o yaml ns,pod,svc,netpol |
                vibrissa policy explain -f - shop/cart 10.0.0.10:53/udp

            Exit status: 0 allowed, 1 denied, 3 undecidable (a fact is missing; the answer names it), 64 wrong usage, \
            65 the files cannot be used.
            """)

    @Argument(help: ArgumentHelp("Who opens the connection.", valueName: "src"))
    var source: String

    @Argument(help: ArgumentHelp("Where to: DST[:PORT[/PROTO]].", valueName: "dst"))
    var destination: String

    @OptionGroup var world: WorldOptions
    @OptionGroup var output: OutputOptions

    @Flag(help: "Text shows every rule: nothing is folded.")
    var full = false

    func run() throws {
        let request: ConnectionRequest
        do {
            request = try ConnectionRequest(source: source, destination: destination)
        } catch {
            try Self.refuse(error)
        }
        let world = try world.world(style: output.style)
        let report: ExplanationReport
        do {
            report = try ExplanationReport(
                request, in: PolicySnapshot(world.state, generation: 1), remarks: world.remarks)
        } catch {
            try Self.refuse(error)
        }
        switch output.format {
        case .text: Console.write(report.text(output.style, isFull: full))
        case .json: Console.write(try Document.json(report.document))
        case .yaml: Console.write(try Document.yaml(report.document))
        }
        World.reportRemarks(world.remarks, style: output.style)
        if report.exitStatus != 0 { throw ExitCode(report.exitStatus) }
    }

    /// What was asked makes no sense, or not here.
    private static func refuse(_ error: ConnectionRequestError) throws -> Never {
        Console.write(error: "vibrissa policy explain: \(error)\n")
        throw ExitCode.validationFailure
    }
}
