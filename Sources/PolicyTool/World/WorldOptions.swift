// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
public import NetworkModel
internal import PolicyModel

/// Where the manifests are that a command asks about: `-f`, and the range for made-up pod addresses.
public struct WorldOptions: ParsableArguments {
    @Option(
        name: [.customShort("f"), .customLong("files")], parsing: .singleValue,
        help: ArgumentHelp(
            "A manifest, a directory of manifests, or '-' for standard input; may be repeated.",
            discussion: """
                Directories are read with everything below them: *.yaml, *.yml and *.json, hidden files left out. \
                Default: the current directory, if no other path is given.
                """,
            valueName: "path"))
    public var files: [String] = []

    @Option(
        help: ArgumentHelp(
            "Where pods that have no address yet get one from: at least 256 addresses.",
            discussion: """
                Pods of workloads that never ran have no address, and rules match addresses. Each gets one of this \
                range that depends on its name only.
                """,
            valueName: "cidr"))
    public var podAddresses = AddressRange.standard

    public init() {}

    /// Reads the world. What is broken is left out and reported in its diagnostics.
    public func read() -> World {
        World.reading(files.isEmpty ? ["."] : files, podAddresses: podAddresses.prefix)
    }

    /// Reads the world, and says its problems on standard error. Its remarks are left to the command, which says them
    /// after the answer.
    ///
    /// - Throws: `ExitCode(65)` after a message when a path cannot be read, or there are no manifests at all: an answer
    ///   about half a world might be wrong.
    public func world(style: TextStyle) throws -> World {
        let world = read()
        world.reportProblems(style: style)
        guard world.isComplete else { throw ExitCode.unusableInput }
        try requireManifests(in: world)
        return world
    }

    /// - Throws: `ExitCode(65)` after a message when nothing was read: an answer about nothing would please everyone.
    func requireManifests(in world: World) throws {
        guard world.files.isEmpty else { return }
        let places =
            files.isEmpty ? "the current directory" : files.map(\.quotedForMessage).joined(separator: ", ")
        Console.write(
            error: "vibrissa policy: there are no manifests (*.yaml, *.yml, *.json) in \(places); "
                + "name files or directories with -f\n")
        throw ExitCode.unusableInput
    }
}

/// The range that pods without an address are given one from.
public struct AddressRange: ExpressibleByArgument, Sendable {
    public let prefix: IPPrefix

    init(_ prefix: IPPrefix) { self.prefix = prefix }

    public init?(argument: String) {
        // A range that cannot be parsed is refused with the option's name by the argument parser.
        guard let prefix = try? IPPrefix.parse(argument, .lenient) else { return nil }
        guard prefix.family.bitCount - Int(prefix.length) >= 8 else { return nil }
        self.prefix = prefix
    }

    /// 10.176.0.0/12. Private, as pod ranges are, so that "the internet but not private addresses" means what it does
    /// in a cluster; and part of no range that installers choose by default.
    public static let standard: AddressRange = {
        let first = IPAddress(v4: 0x0ab0_0000)
        return AddressRange(IPPrefix(first, length: 12) ?? IPPrefix(first))
    }()

    public var defaultValueDescription: String { prefix.description }
}

extension ExitCode {
    /// `EX_DATAERR` of sysexits.h: the input cannot be used.
    public static let unusableInput = ExitCode(65)
}
