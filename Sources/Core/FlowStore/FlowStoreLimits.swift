// SPDX-License-Identifier: Apache-2.0

/// What bounds a store.
public struct FlowStoreLimits: Hashable, Sendable {
    /// Width of a window, 1 to 3,600.
    public var windowSeconds: Int64
    /// One future, one filling, the rest past; 4 to 60,000.
    public var windowCount: Int
    /// Flow keys. When they are all taken, the oldest windows leave early; see also `maximumKeyShare`.
    public var maximumKeys: Int
    /// The part of the keys, in percent, that one sender may bring. More are refused, so that one that brings
    /// ever new keys does not push out everyone else's.
    public var maximumKeyShare: Int
    /// Rows of all windows together, one for each key with data in a window: 20 to 30 bytes each, 90 while
    /// the window is open. Beyond, the oldest windows leave early.
    public var maximumRows: Int
    /// Further labels of an end are left out.
    public var maximumLabels: Int
    /// Records of keys with more text than this are refused, bytes of UTF-8.
    public var maximumKeyBytes: Int
    /// Memory for encoded forms of keys, and as much for those of labels, bytes. Beyond, they are decoded anew.
    public var maximumAliasBytes: Int
    /// Pairs of sender and key whose deliveries are remembered. Beyond, they are forgotten early.
    public var maximumDeliveries: Int
    /// How long deliveries are remembered.
    public var deliveryMemorySeconds: Int64

    public init(
        windowSeconds: Int64 = 15, windowCount: Int = 242, maximumKeys: Int = 1_000_000,
        maximumKeyShare: Int = 50, maximumRows: Int = 60_000_000, maximumLabels: Int = 128,
        maximumKeyBytes: Int = 32_768, maximumAliasBytes: Int = 1 << 30, maximumDeliveries: Int = 4_000_000,
        deliveryMemorySeconds: Int64 = 300
    ) {
        precondition((1...3_600).contains(windowSeconds), "windowSeconds is 1 to 3600")
        precondition((4...60_000).contains(windowCount), "windowCount is 4 to 60000")
        precondition(
            (1..<Int(UInt32.max)).contains(maximumKeys), "maximumKeys is positive and fits 32 bits")
        precondition((1...100).contains(maximumKeyShare), "maximumKeyShare is 1 to 100")
        self.windowSeconds = windowSeconds
        self.windowCount = windowCount
        self.maximumKeys = maximumKeys
        self.maximumKeyShare = maximumKeyShare
        self.maximumRows = maximumRows
        self.maximumLabels = maximumLabels
        self.maximumKeyBytes = maximumKeyBytes
        self.maximumAliasBytes = maximumAliasBytes
        self.maximumDeliveries = maximumDeliveries
        self.deliveryMemorySeconds = deliveryMemorySeconds
    }
}
