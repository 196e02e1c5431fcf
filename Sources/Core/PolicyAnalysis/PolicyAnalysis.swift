// SPDX-License-Identifier: Apache-2.0
//
// PolicyAnalysis: questions about all connections at once. Who may talk to whom (matrix), what a change opens and
// closes (difference), and what in the policies is pointless or dangerous (lint). Computed exactly, on sets of
// addresses, protocols and ports, from the same compiled rules that decide single connections. No I/O, no text layout.
