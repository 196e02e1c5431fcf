// SPDX-License-Identifier: Apache-2.0

internal import CLinuxABI
internal import Glibc
internal import Synchronization

/// An open network namespace; it lives at least as long as this object.
///
/// Named namespaces are files below /run/netns, as `ip netns` makes and shows them (see
/// `NetworkNamespace+Names`).
public final class NetworkNamespace: Sendable {
    /// Device and inode number of a namespace: equal exactly when the namespaces are the same
    /// (namespaces(7)).
    public struct Identity: Hashable, Sendable {
        public let device: UInt64
        public let inode: UInt64
    }

    /// A descriptor of the namespace, for IFLA_NET_NS_FD and setns(2). Valid as long as this object.
    public let descriptor: Int32
    /// The name below /run/netns, the path it was opened from, or `anonymous`; for messages.
    public let name: String
    /// Tells whether two objects are the same namespace.
    public let identity: Identity

    /// Takes over `descriptor`.
    private init(descriptor: Int32, name: String, identity: Identity) {
        self.descriptor = descriptor
        self.name = name
        self.identity = identity
    }

    deinit { close(descriptor) }

    /// Opens a namespace by a path such as /proc/PID/ns/net.
    public static func open(path: String) throws(KernelError) -> NetworkNamespace {
        try open(path: path, name: path)
    }

    static func open(path: String, name: String) throws(KernelError) -> NetworkNamespace {
        let descriptor = linuxabi_open(path, O_RDONLY)
        guard descriptor >= 0 else { throw .last("open network namespace", name) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let error = KernelError.last("open network namespace", name)
            close(descriptor)
            throw error
        }
        return NetworkNamespace(
            descriptor: descriptor, name: name,
            identity: Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino)))
    }

    /// The calling thread's namespace.
    public static func current() throws(KernelError) -> NetworkNamespace {
        try open(path: "/proc/thread-self/ns/net", name: "current")
    }

    /// A new namespace without a name. It ends with the last descriptor, socket or process in it.
    public static func anonymous() throws(KernelError) -> NetworkNamespace {
        try onNewThread { () -> Result<NetworkNamespace, KernelError> in
            do throws(KernelError) {
                try unshare(subject: "anonymous")
                return .success(try open(path: "/proc/thread-self/ns/net", name: "anonymous"))
            } catch {
                return .failure(error)
            }
        }.get()
    }

    // MARK: Running inside

    /// Runs `body` inside the namespace, on a thread of its own, and returns its value or throws its error.
    ///
    /// Blocks the calling thread meanwhile, whose namespace never changes. Sockets opened by `body` stay in
    /// the namespace and may be returned. Do not start long-lived `dieWithParent` children here: the thread
    /// ends.
    public func perform<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) throws -> Value {
        try Self.onNewThread { () -> Result<Value, any Error> in
            Result {
                try self.enter()
                return try body()
            }
        }.get()
    }

    /// The same without blocking the caller: the task is suspended while the thread works.
    public func performAsync<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            do throws(KernelError) {
                _ = try DedicatedThread.start("netns") {
                    continuation.resume(
                        with: Result {
                            try self.enter()
                            return try body()
                        })
                }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    /// Moves the calling thread into the namespace at `path`, for good.
    ///
    /// For a process that has just started and has one thread; threads started later inherit the namespace.
    public static func enterCurrentProcess(path: String) throws(KernelError) {
        try open(path: path).enter()
    }

    private func enter() throws(KernelError) {
        guard linuxabi_enter_network_namespace(descriptor) == 0 else {
            throw .last("enter network namespace", name)
        }
    }

    static func unshare(subject: String) throws(KernelError) {
        guard linuxabi_unshare_network_namespace() == 0 else {
            throw .last("create network namespace", subject)
        }
    }

    /// Runs `body` on a new thread and returns what it returned.
    static func onNewThread<Value: Sendable>(
        _ body: @escaping @Sendable () -> Value
    ) throws(KernelError) -> Value {
        let result = ThreadResult<Value>()
        try DedicatedThread.start("netns") { result.store(body()) }.join()
        guard let value = result.take() else {
            throw KernelError(.systemCall, operation: "run in network namespace", subject: "")
        }
        return value
    }
}

/// Carries one value out of a thread.
private final class ThreadResult<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)

    func store(_ newValue: Value) { value.withLock { $0 = newValue } }

    func take() -> Value? { value.withLock { $0 } }
}
