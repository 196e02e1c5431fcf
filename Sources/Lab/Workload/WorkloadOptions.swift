// SPDX-License-Identifier: Apache-2.0

public import NetworkModel

/// The arguments of `vibrissa workload`.
///
///     --name NAMESPACE/NAME      how logs name the workload
///     --netns PATH               network namespace to enter before anything else
///     --parent PID               end when this process has ended
///     --address ADDRESS          bind to this address (repeatable; hosts that share a namespace)
///     --dns ADDRESS[,ADDRESS]    the cluster's name server
///     --hosts FILE               zone file of a name server
///     --seed NUMBER              of the jitter
///     --serve KIND:PORT          http, tcp, udp or dns (repeatable)
///     --call "URL key=value..."  every=, hold=, bytes= (repeatable)
///     --probe "tcp BLOCK key=value..."  ports=, every=, hosts= (repeatable)
public struct WorkloadOptions: Hashable, Sendable {
    /// `shop/frontend`; empty when not given.
    public var name = ""
    public var networkNamespacePath: String?
    /// The process to end with.
    public var parent: Int32?
    /// Empty: any address of the namespace.
    public var localAddresses: [IPAddress] = []
    public var nameServers: [IPAddress] = []
    public var zonePath: String?
    public var seed: UInt64 = 1
    public var behavior = WorkloadBehavior()

    public init() {}

    /// Parses the arguments after `workload`.
    public static func parse(_ arguments: [String]) throws(WorkloadArgumentError) -> WorkloadOptions {
        var options = WorkloadOptions()
        var parser = WorkloadArgumentParser(arguments)
        while let option = try parser.next() {
            guard try !options.behavior.accept(option) else { continue }
            try options.acceptPlacement(option)
        }
        return options
    }

    /// The arguments that `parse` turns into this placement, without the behaviour.
    var placementArguments: [String] {
        var arguments: [String] = []
        if !name.isEmpty { arguments += ["--name", name] }
        if let networkNamespacePath { arguments += ["--netns", networkNamespacePath] }
        if let parent { arguments += ["--parent", String(parent)] }
        for address in localAddresses { arguments += ["--address", "\(address)"] }
        if !nameServers.isEmpty {
            arguments += ["--dns", nameServers.map(\.description).joined(separator: ",")]
        }
        if let zonePath { arguments += ["--hosts", zonePath] }
        return arguments + ["--seed", String(seed)]
    }

    private mutating func acceptPlacement(_ option: WorkloadArgument) throws(WorkloadArgumentError) {
        let value = option.value
        switch option.name {
        case "--name": name = value
        case "--netns": networkNamespacePath = value
        case "--hosts": zonePath = value
        case "--parent": parent = try option.number(1...Int(Int32.max)).map(Int32.init)
        case "--seed":
            guard let number = UInt64(value) else { throw option.error("not a number") }
            seed = number
        case "--address": localAddresses.append(try option.address(value))
        case "--dns":
            for part in value.split(separator: ",", maxSplits: 8, omittingEmptySubsequences: false) {
                nameServers.append(try option.address(String(part)))
            }
        default: throw option.error("unknown option")
        }
    }
}

/// What is wrong with a workload's arguments.
public struct WorkloadArgumentError: Error, Hashable, Sendable, CustomStringConvertible {
    /// `--call`, or the offending word itself.
    public let option: String
    /// The value given, shortened to 120 bytes.
    public let value: String
    public let reason: String

    public init(option: String, value: String, reason: String) {
        self.option = option
        self.value = String(value.prefix(120))
        self.reason = reason
    }

    /// `--call "http://": host is missing`
    public var description: String {
        value.isEmpty ? "\(option): \(reason)" : "\(option) \"\(value)\": \(reason)"
    }
}
