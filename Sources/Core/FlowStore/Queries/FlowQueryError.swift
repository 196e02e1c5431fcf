// SPDX-License-Identifier: Apache-2.0

/// Why a query was not answered. All but `tooManyStreams` and `unavailable` are the asker's to mend.
public enum FlowQueryError: Error, Hashable, Sendable {
    /// After resolving, the start is not before the end; Unix seconds.
    case emptyTimeRange(startGTE: Int64, startLT: Int64)
    case negativePage(Int64)
    case negativePageSize(Int64)
    case unsupportedSort(FlowSortKey)
    case severalSortKeys([FlowSortKey])
    /// Statistics are asked for windows that are not kept; Unix seconds.
    case rangeOutsideHistory(startGTE: Int64, startLT: Int64, oldest: Int64, newest: Int64)
    /// A histogram with so many bins, or of a width that is no multiple of the window.
    case unusableBins(String)
    case tooManyStreams(limit: Int)
    /// The server that is asked cannot do this.
    case unsupported(String)
    /// The server that is asked refused, for a reason of its own.
    case refused(String)
    /// The flows are elsewhere and could not be reached.
    case unavailable(String)
}

extension FlowQueryError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .emptyTimeRange(let start, let end):
            "the time range is empty: it starts at \(start) and ends before \(end) (Unix seconds)"
        case .negativePage(let page): "page is \(page); pages count from 0"
        case .negativePageSize(let size):
            "pageSize is \(size); 0 means everything, otherwise give a positive number"
        case .unsupportedSort(let key): "flows cannot be sorted by \(key.rawValue)"
        case .severalSortKeys(let keys):
            "\(keys.count) sort orders were given (\(keys.map(\.rawValue).joined(separator: ", "))); give one"
        case .rangeOutsideHistory(let start, let end, let oldest, let newest):
            "statistics from \(start) to \(end) reach outside the history, "
                + "which is from \(oldest) to \(newest) (Unix seconds)"
        case .unusableBins(let reason): reason
        case .unsupported(let what): "the server cannot do this: \(what)"
        case .refused(let reason): "the server refused: \(reason)"
        case .tooManyStreams(let limit):
            "\(limit) streams are open, which is the limit; close one and try again"
        case .unavailable(let reason): "the flows cannot be reached: \(reason)"
        }
    }
}
