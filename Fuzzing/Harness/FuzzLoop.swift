// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import LibFuzzer

/// Bytes as libFuzzer hands them over, and whether to keep them in the corpus (0: yes).
public typealias TestOneInput = @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt

/// Gives the process to libFuzzer, which reads its options and folders from the command line. SwiftPM renames
/// the main function of every executable, so libFuzzer's own would not be found.
public func runFuzzLoop(_ testOneInput: TestOneInput) -> Never {
    var count = CommandLine.argc
    var arguments = CommandLine.unsafeArgv
    exit(LLVMFuzzerRunDriver(&count, &arguments, testOneInput))
}

/// A property that must hold for every input. When it does not, the process dies with the message, in release
/// builds too, and libFuzzer saves the input.
public func require(
    _ holds: Bool, _ message: @autoclosure () -> String, file: StaticString = #fileID, line: UInt = #line
) {
    if !holds { fatalError(message(), file: file, line: line) }
}
