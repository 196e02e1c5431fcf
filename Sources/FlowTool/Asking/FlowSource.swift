// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import FlowStore
internal import PolicyModel

/// Who answers: a server, or the flows of a file.
struct FlowSource: Sendable {
    let flows: any FlowConnection
    /// As a person would name it; escaped.
    let name: String
    /// Nothing changes, and now is the end of the newest flow.
    let isFile: Bool
}

/// The server, or `--from-file`.
struct FlowSourceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Ask the flows of this file instead of a server; '-' is standard input.",
            discussion: """
                One JSON object a line, as '-o jsonl' and Goldmane's emitter write them. Now is the end of \
                the newest flow. Lines that are no flows are reported and left out.
                """,
            valueName: "file"))
    var fromFile: String?

    @OptionGroup(title: "Server") var server: FlowServerOptions

    func validate() throws {
        if fromFile != nil, server.serverArgument != nil {
            throw ValidationError("flows come from --server or from --from-file; give one of them")
        }
    }

    /// Runs `body` with the source, and closes that.
    ///
    /// - Throws: `ExitCode` after a message.
    func ask(_ command: String, _ body: (FlowSource) async throws -> Void) async throws {
        Console.ignoreBrokenPipes()
        var place = fromFile ?? "\(server.server.host):\(server.server.port)"
        place = place == "-" ? "<stdin>" : place.escapedForMessage
        do {
            let source = FlowSource(flows: try await open(place), name: place, isFile: fromFile != nil)
            do {
                try await body(source)
            } catch {
                await source.flows.close()
                throw error
            }
            await source.flows.close()
        } catch let status as ExitCode {
            throw status
        } catch {
            throw FlowRefusal(error, asking: place).told(command)
        }
    }

    private func open(_ place: String) async throws -> any FlowConnection {
        if let fromFile { return try Self.open(file: fromFile, place) }
        guard let connecting = FlowsCommand.connecting else {
            throw FlowRefusal("no server can be asked here; ask a file with --from-file", status: .failure)
        }
        return try await connecting.connect(server)
    }

    private static func open(file path: String, _ place: String) throws(FlowRefusal) -> FileFlows {
        let file: FlowFile
        do {
            file = try FlowFile.reading(path)
        } catch {
            throw FlowRefusal("\(place): \(error)", status: .unusableInput)
        }
        Console.write(error: file.problems(place))
        guard let flows = FileFlows(file) else {
            throw FlowRefusal(
                "\(place): there are no flows in it; give lines that -o jsonl or Goldmane's emitter wrote",
                status: .unusableInput)
        }
        Console.write(error: flows.remarks.text(place))
        return flows
    }
}

extension FlowRefusal {
    /// Writes the message; returns the status to end with.
    func told(_ command: String) -> ExitCode {
        Console.write(error: "vibrissa flows \(command): \(description)\n")
        if !excerpt.isEmpty {
            let lines = excerpt.split(separator: "\n", omittingEmptySubsequences: false)
            Console.write(error: lines.map { "  \($0)\n" }.joined())
        }
        return status
    }
}
