// SPDX-License-Identifier: Apache-2.0

import Harness

@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    FlowUpdateProperties.check(UnsafeRawBufferPointer(start: start, count: count))
    return 0
}

runFuzzLoop(testOneInput)
