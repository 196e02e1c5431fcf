// SPDX-License-Identifier: Apache-2.0

/// Consecutive windows whose flows are summed and sent on together.
struct EmissionBlock: Hashable, Sendable {
    /// Unix seconds, start of a window.
    var startSeconds: Int64
    /// Unix seconds, exclusive; end of a window.
    var endSeconds: Int64
}

/// Which windows are sent on together, and when (flow API 3.5). A pure function of the windows that hold
/// flows.
///
/// ```
///    done                          due                 filling
///      |------ block ------|--------|--- delay of late ---|--------|
///      start             end                                   now
/// ```
/// Blocks follow one another, so none is forgotten and no window is in two. After a stretch without flows
/// that is longer than a block, and for the very first block, there is nothing to follow: the block is then
/// found by counting back in whole blocks from what is due, so the first window with flows is sent as soon as
/// it is due, as the newest of its block.
struct EmissionSchedule: Hashable, Sendable {
    let windowSeconds: Int64
    /// A multiple of `windowSeconds`.
    let blockSeconds: Int64
    /// A multiple of `windowSeconds`.
    let delaySeconds: Int64

    /// All counts in windows.
    init(windowSeconds: Int64, windowsPerBlock: Int, delayWindows: Int) {
        self.windowSeconds = windowSeconds
        blockSeconds = windowSeconds * Int64(windowsPerBlock)
        delaySeconds = windowSeconds * Int64(delayWindows)
    }

    /// Before this time, Unix seconds, everything has had the delay to arrive.
    func dueSeconds(fillingSeconds: Int64) -> Int64 { fillingSeconds - delaySeconds }

    /// The oldest block that is due, or nil.
    ///
    /// - Parameters:
    ///   - filled: starts of windows with flows, ascending.
    ///   - done: everything before it, Unix seconds, has been dealt with; nil: nothing has.
    ///   - due: `dueSeconds(fillingSeconds:)`.
    func nextBlock(filled: ArraySlice<Int64>, done: Int64?, due: Int64) -> EmissionBlock? {
        guard let first = filled.first(where: { $0 >= done ?? .min }), first < due else { return nil }
        if let done, first - done < blockSeconds {
            guard due - done >= blockSeconds else { return nil }
            return EmissionBlock(startSeconds: done, endSeconds: done + blockSeconds)
        }
        let blocksBack = (due - windowSeconds - first) / blockSeconds
        let end = due - blocksBack * blockSeconds
        return EmissionBlock(startSeconds: end - blockSeconds, endSeconds: end)
    }

    /// All blocks that are due, oldest first.
    func dueBlocks(filled: [Int64], done: Int64?, due: Int64) -> [EmissionBlock] {
        var blocks: [EmissionBlock] = []
        var rest = filled[...]
        while let block = nextBlock(filled: rest, done: blocks.last?.endSeconds ?? done, due: due) {
            blocks.append(block)
            rest = rest.drop { $0 < block.endSeconds }
        }
        return blocks
    }
}
