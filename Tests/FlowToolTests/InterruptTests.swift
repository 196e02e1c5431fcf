// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import Testing

@testable import FlowTool

@Suite("Ending what is under way", .serialized)
struct InterruptTests {
    @Test("a signal cancels, and the end is awaited")
    func signals() async throws {
        for number in [SIGINT, SIGTERM] {
            try await Interrupts.running {
                let (never, _) = AsyncStream<Void>.makeStream()
                kill(getpid(), number)
                for await _ in never {}
                #expect(Task.isCancelled)
            }
        }
    }

    @Test("without a signal it ends when the work does, and hands on its error")
    func ends() async throws {
        try await Interrupts.running {}
        await #expect(throws: FlowRefusal.self) {
            try await Interrupts.running { throw FlowRefusal("no", status: .failure) }
        }
    }
}
