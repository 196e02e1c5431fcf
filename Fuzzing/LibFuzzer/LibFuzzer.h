// SPDX-License-Identifier: Apache-2.0
// libFuzzer's entry point for programs that have a main function of their own (llvm.org/docs/LibFuzzer.html).
#pragma once
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerRunDriver(
    int *_Nonnull argc, char *_Nullable *_Nonnull *_Nonnull argv,
    int (*_Nonnull testOneInput)(const uint8_t *_Nullable bytes, size_t count));
