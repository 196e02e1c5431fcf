// SPDX-License-Identifier: Apache-2.0

/// Remembers which deliveries came, so that one that a sender repeats after a reconnect is not counted twice
/// (flow API 2.10).
///
/// A delivery is a sender's record of one flow key for one span of time. Collectors of the common API send a start
/// and an end that are equal, in whole seconds, so the deliveries of a sender for a key are bits of a short span:
///
/// ```
/// (sender, slot) ──▶ base second, 320 bits: base ... base + 319
/// ```
/// Anything else is remembered one by one. Two generations of five minutes: what is remembered is remembered for
/// five minutes at least. What is too old to tell is taken for a first delivery: nothing is lost.
struct DeliveryMemory: Sendable {
    fileprivate static let spanSeconds: Int64 = 320

    fileprivate struct Seen: Sendable {
        /// Of the slot: a slot that was given to another key starts anew.
        var serial: UInt32
        var base: Int64
        var bits: InlineArray<5, UInt64> = [0, 0, 0, 0, 0]

        init(serial: UInt32, around second: Int64) {
            self.serial = serial
            base = Self.base(around: second)
        }

        /// Most of the span lies before: what a sender repeats is older than what it sends.
        static func base(around second: Int64) -> Int64 { ((second >> 6) << 6) - 256 }

        /// Notes a second; true when it was noted before.
        mutating func note(_ second: Int64) -> Bool {
            if second - base >= DeliveryMemory.spanSeconds { advance(to: second) }
            let offset = second - base
            guard offset >= 0 else { return false }
            let (word, bit) = (Int(offset >> 6), UInt64(1) << UInt64(offset & 63))
            defer { bits[word] |= bit }
            return bits[word] & bit != 0
        }

        /// Moves the span on by whole words so that it holds a second.
        private mutating func advance(to second: Int64) {
            let shift = (second - base - DeliveryMemory.spanSeconds) / 64 + 1
            guard shift < 5 else {
                base = Self.base(around: second)
                bits = [0, 0, 0, 0, 0]
                return
            }
            for word in 0..<5 {
                let from = word + Int(shift)
                bits[word] = from < 5 ? bits[from] : 0
            }
            base += shift * 64
        }
    }

    /// What was seen, by sender and slot: open addressing, nothing is ever taken out.
    fileprivate struct SeenTable: Sendable {
        /// 0: free. No key is 0, as no sender is.
        private var keys = ContiguousArray<UInt64>(repeating: 0, count: 256)
        var values = ContiguousArray<Seen>(repeating: Seen(serial: 0, around: 0), count: 256)
        private(set) var count = 0

        /// Both halves of a key are small numbers that this program gave out: spreading them is enough.
        @inline(__always)
        private func start(_ key: UInt64) -> Int {
            let product = key.multipliedFullWidth(by: 0x9e37_79b9_7f4a_7c15)
            return Int(truncatingIfNeeded: product.high ^ product.low) & (keys.count - 1)
        }

        @inline(__always)
        func place(of key: UInt64) -> Int? {
            var place = start(key)
            while keys[place] != key {
                if keys[place] == 0 { return nil }
                place = (place + 1) & (keys.count - 1)
            }
            return place
        }

        mutating func add(_ key: UInt64, _ seen: Seen) {
            if (count + 1) * 4 > keys.count * 3 { grow() }
            insert(key, seen)
            count += 1
        }

        private mutating func insert(_ key: UInt64, _ seen: Seen) {
            var place = start(key)
            while keys[place] != 0 { place = (place + 1) & (keys.count - 1) }
            keys[place] = key
            values[place] = seen
        }

        private mutating func grow() {
            let (oldKeys, oldValues) = (keys, values)
            keys = ContiguousArray(repeating: 0, count: oldKeys.count * 2)
            values = ContiguousArray(repeating: Seen(serial: 0, around: 0), count: keys.count)
            for (key, seen) in zip(oldKeys, oldValues) where key != 0 { insert(key, seen) }
        }
    }

    private struct Odd: Hashable, Sendable {
        var sender: UInt32
        var slot: UInt32
        var serial: UInt32
        var start: Int64
        var end: Int64
    }

    private let lifetimeSeconds: Int64
    private let maximumEntries: Int
    private var current = SeenTable()
    private var previous = SeenTable()
    private var currentOdd: Set<Odd> = []
    private var previousOdd: Set<Odd> = []
    private var turnAt: Int64
    /// Deliveries that came again and were not counted.
    private(set) var repeats: UInt64 = 0
    /// Times that memory ran short and a generation was forgotten early.
    private(set) var earlyTurns: UInt64 = 0

    init(now seconds: Int64, lifetimeSeconds: Int64 = 300, maximumEntries: Int) {
        self.lifetimeSeconds = lifetimeSeconds
        self.maximumEntries = maximumEntries
        turnAt = seconds + lifetimeSeconds
    }

    var entryCount: Int { current.count + previous.count + currentOdd.count + previousOdd.count }

    /// Notes a delivery; true when it came before from the same sender. Sender 0 never repeats itself.
    mutating func isRepeat(
        sender: UInt32, slot: UInt32, serial: UInt32, start: Int64, end: Int64
    ) -> Bool {
        guard sender != 0 else { return false }
        let isKnown =
            start == end
            ? noteSecond(UInt64(sender) << 32 | UInt64(slot), serial, start)
            : noteOdd(Odd(sender: sender, slot: slot, serial: serial, start: start, end: end))
        if isKnown { repeats += 1 }
        return isKnown
    }

    @inline(__always)
    private mutating func noteSecond(_ key: UInt64, _ serial: UInt32, _ second: Int64) -> Bool {
        if let place = current.place(of: key) { return current.values[place].noteOrRenew(second, serial) }
        makeRoom()
        var seen =
            previous.place(of: key).map { previous.values[$0] } ?? Seen(serial: serial, around: second)
        let isKnown = seen.noteOrRenew(second, serial)
        current.add(key, seen)
        return isKnown
    }

    private mutating func noteOdd(_ odd: Odd) -> Bool {
        if currentOdd.contains(odd) { return true }
        let isKnown = previousOdd.contains(odd)
        makeRoom()
        currentOdd.insert(odd)
        return isKnown
    }

    private mutating func makeRoom() {
        guard current.count + currentOdd.count >= maximumEntries / 2 else { return }
        earlyTurns += 1
        turn()
    }

    private mutating func turn() {
        previous = current
        previousOdd = currentOdd
        current = SeenTable()
        currentOdd = []
    }

    /// Forgets what is older than two lifetimes. Call it now and then with the time in Unix seconds.
    mutating func expire(now seconds: Int64) {
        // Also when the clock was set back by more than a lifetime.
        guard seconds >= turnAt || turnAt - seconds > 2 * lifetimeSeconds else { return }
        turnAt = seconds + lifetimeSeconds
        turn()
    }
}

extension DeliveryMemory.Seen {
    fileprivate mutating func noteOrRenew(_ second: Int64, _ serial: UInt32) -> Bool {
        if serial != self.serial { self = Self(serial: serial, around: second) }
        return note(second)
    }
}
