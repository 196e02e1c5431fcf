// SPDX-License-Identifier: Apache-2.0

internal import LinuxKernel

/// What a machine must offer before a real lab can start on it.
public enum LabRequirements {
    /// What is missing, each with what to try; empty when the lab can start. Blocks for some milliseconds.
    ///
    /// Privileges come first: without them the kernel's features cannot be probed.
    public static func missing() -> [String] {
        do {
            let capabilities = try Capabilities.missing([.netAdmin, .sysAdmin, .netRaw, .setUID, .setGID])
            if !capabilities.isEmpty {
                return capabilities.map { "\($0): \(purpose(of: $0)); run the lab as root (sudo)" }
            }
            return try KernelFeatures.missing().map { "kernel feature \($0)" }
        } catch {
            return ["this machine could not be probed: \(error)"]
        }
    }

    private static func purpose(of capability: Capability) -> String {
        switch capability {
        case .netAdmin: "to create interfaces, routes and nftables rules"
        case .sysAdmin: "to create network namespaces"
        case .netRaw: "to receive what the rules log"
        default: "to run workloads without privileges"
        }
    }
}
