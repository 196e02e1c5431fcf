// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import FlowExport

@Suite("Emission schedule")
struct EmissionScheduleTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        /// In windows, as everything here: windows with flows, what has been dealt with, the filling window.
        let filled: [Int64]
        let done: Int64?
        let filling: Int64
        let blocks: [[Int64]]
        var testDescription: String { name }
    }

    /// Blocks of 4 windows, 2 windows of delay.
    static let cases = [
        Case(name: "no flows, no block", filled: [], done: nil, filling: 100, blocks: []),
        Case(name: "the first flows wait for their delay", filled: [0], done: nil, filling: 2, blocks: []),
        Case(
            name: "then they are the newest of a block", filled: [0], done: nil, filling: 3,
            blocks: [[-3, 1]]),
        Case(name: "a block that is not over waits", filled: [0, 1, 2], done: 1, filling: 6, blocks: []),
        Case(name: "and is due after the delay", filled: [1], done: 1, filling: 7, blocks: [[1, 5]]),
        Case(
            name: "what was there before the first look is counted back from what is due",
            filled: Array(0...20), done: nil, filling: 21,
            blocks: [[-1, 3], [3, 7], [7, 11], [11, 15], [15, 19]]),
        Case(
            name: "after a pause blocks go on where they ended, and none is short or left out",
            filled: Array(0...20), done: 2, filling: 21, blocks: [[2, 6], [6, 10], [10, 14], [14, 18]]),
        Case(
            name: "stretches without flows make no blocks", filled: [1, 17], done: 0, filling: 20,
            blocks: [[0, 4], [14, 18]]),
        Case(
            name: "after a longer stretch without flows the next ones do not wait", filled: [30], done: 5,
            filling: 33, blocks: [[27, 31]]),
        Case(
            name: "a shorter one changes nothing", filled: [8], done: 5, filling: 11, blocks: [[5, 9]]),
        Case(
            name: "a stretch of exactly one block is a longer one", filled: [9], done: 5, filling: 12,
            blocks: [[6, 10]]),
        Case(
            name: "a late flow before what is done is not looked at", filled: [3], done: 5, filling: 40,
            blocks: []),
        Case(
            name: "a late flow in a stretch without flows is sent", filled: [6, 30], done: 5, filling: 33,
            blocks: [[5, 9], [27, 31]]),
        Case(
            name: "more was done than is due, as after a longer delay was set", filled: [7, 8], done: 7,
            filling: 8, blocks: []),
    ]

    @Test("blocks that are due, oldest first", arguments: cases)
    func blocks(_ given: Case) {
        let width: Int64 = 15
        let schedule = EmissionSchedule(windowSeconds: width, windowsPerBlock: 4, delayWindows: 2)
        let blocks = schedule.dueBlocks(
            filled: given.filled.map { $0 * width }, done: given.done.map { $0 * width },
            due: schedule.dueSeconds(fillingSeconds: given.filling * width))
        #expect(blocks.map { [$0.startSeconds / width, $0.endSeconds / width] } == given.blocks)
    }

    @Test("block and delay may be one window and none")
    func smallest() {
        let schedule = EmissionSchedule(windowSeconds: 1, windowsPerBlock: 1, delayWindows: 0)
        let blocks = schedule.dueBlocks(filled: [5, 6, 8, 9], done: nil, due: 9)
        #expect(blocks.map(\.startSeconds) == [5, 6, 8])
    }

    @Test(
        "whatever comes and whenever it is looked at, each window with flows is in one block",
        arguments: 0..<40)
    func coverage(seed: UInt64) {
        var random = Numbers(seed: seed)
        let schedule = EmissionSchedule(
            windowSeconds: 15, windowsPerBlock: Int(random.next(below: 6)) + 1,
            delayWindows: Int(random.next(below: 4)))
        var filled: [Int64] = []
        var blocks: [EmissionBlock] = []
        var done: Int64?
        for window in Int64(0)..<120 {
            // Some stretches are busy, some quiet, and sometimes nobody looks.
            if random.next(below: 10) < (window / 20 % 2 == 0 ? 8 : 1) { filled.append(window * 15) }
            guard random.next(below: 3) > 0 else { continue }
            let due = schedule.dueSeconds(fillingSeconds: (window + 1) * 15)
            let found = schedule.dueBlocks(filled: filled, done: done, due: due)
            #expect(found.allSatisfy { $0.endSeconds <= due })
            blocks += found
            done = found.last?.endSeconds ?? done
        }
        #expect(zip(blocks, blocks.dropFirst()).allSatisfy { $0.endSeconds <= $1.startSeconds })
        #expect(blocks.allSatisfy { $0.endSeconds - $0.startSeconds == schedule.blockSeconds })
        for window in filled where window < done ?? 0 {
            #expect(blocks.contains { $0.startSeconds <= window && window < $0.endSeconds })
        }
    }
}

/// A repeatable generator (SplitMix64).
struct Numbers {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next(below bound: UInt64) -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return (mixed ^ (mixed >> 31)) % bound
    }
}
