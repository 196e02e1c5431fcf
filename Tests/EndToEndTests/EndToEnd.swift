// SPDX-License-Identifier: Apache-2.0

import Testing

/// Tests that run the product as its users do. One at a time: there is one lab per machine.
@Suite("End to end", .serialized)
enum EndToEnd {}
