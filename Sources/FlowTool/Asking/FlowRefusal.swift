// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import FlowStore
internal import PolicyModel

/// Why a command ends without an answer: a message for a person, and the exit status.
struct FlowRefusal: Error, Sendable, CustomStringConvertible {
    /// What was tried, why it failed, what to try; escaped.
    let description: String
    /// Lines that show the place.
    let excerpt: String
    let status: ExitCode

    init(_ description: String, excerpt: String = "", status: ExitCode) {
        self.description = description
        self.excerpt = excerpt
        self.status = status
    }

    /// Why a server, or the flows of a file, did not answer.
    init(_ error: any Error, asking place: String) {
        switch error {
        case let refusal as FlowRefusal: self = refusal
        case let error as FlowQueryError: self.init(error, place)
        default:
            self.init(
                "\(place): \("\(error)".escapedForMessage)", status: .failure)
        }
    }

    private init(_ error: FlowQueryError, _ place: String) {
        let text = error.description.escapedForMessage
        switch error {
        case .unavailable:
            // Most reasons begin with the place.
            let problem = text.contains(place) ? text : "\(place): \(text)"
            self.init(
                "\(problem); check --server and whether it is running, or ask a file with --from-file",
                status: .failure)
        case .unsupported:
            self.init("\(place): \(text); ask a newer server, or a file with --from-file", status: .failure)
        case .refused: self.init("\(place): \(text)", status: .validationFailure)
        case .tooManyStreams: self.init("\(place): \(text)", status: .failure)
        case .rangeOutsideHistory:
            self.init("\(text); choose other times with --since and --until", status: .validationFailure)
        case .emptyTimeRange:
            self.init("\(text); choose an earlier --since or a later --until", status: .validationFailure)
        case .negativePage, .negativePageSize, .unsupportedSort, .severalSortKeys, .unusableBins:
            self.init(text, status: .validationFailure)
        }
    }
}

extension ExitCode {
    /// `EX_DATAERR` of sysexits.h: the input cannot be used.
    static let unusableInput = ExitCode(65)
}
