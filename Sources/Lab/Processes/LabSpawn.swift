// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// posix_spawn(3) with what a workload needs: its own process group, default signals, output into a pipe.
enum LabSpawn {
    /// Starts `executable` as `vibrissa ARGUMENTS` with an empty environment, except for the library path.
    ///
    /// Returns its id and the read end of its standard output and error, non-blocking.
    static func start(
        _ executable: String, arguments: [String]
    ) throws(LabError) -> (pid: pid_t, output: Int32) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw failure("create pipe", executable, errno) }
        defer { close(ends[1]) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The parent ignores or blocks signals that end a workload; Ctrl-C in a terminal must not reach it.
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP
        posix_spawnattr_setflags(&attributes, Int16(flags))

        var vector = (["vibrissa"] + arguments).map { strdup($0) } + [nil]
        var environment = libraryPath.map { [strdup("LD_LIBRARY_PATH=\($0)")] + [nil] } ?? [nil]
        defer { for text in vector + environment { free(text) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, executable, &actions, &attributes, &vector, &environment)
        guard code == 0 else {
            close(ends[0])
            throw failure("start process", executable, code)
        }
        return (pid, ends[0])
    }

    /// Where the Swift runtime was found, when the environment had to say so.
    private static var libraryPath: String? { getenv("LD_LIBRARY_PATH").map { String(cString: $0) } }

    private static func failure(_ operation: String, _ subject: String, _ code: Int32) -> LabError {
        LabError(operation: operation, subject: subject, message: String(cString: strerror(code)))
    }
}
