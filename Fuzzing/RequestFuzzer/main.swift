// SPDX-License-Identifier: Apache-2.0

import Harness

@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    RequestProperties.check(UnsafeBufferPointer(start: start, count: count))
    return 0
}

runFuzzLoop(testOneInput)
