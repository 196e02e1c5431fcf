// SPDX-License-Identifier: Apache-2.0

internal import KubernetesClient
internal import PolicyModel

/// A file of cases, read as far as it can be.
public struct PolicyCaseFile: Sendable {
    public let cases: [PolicyCase]
    /// Cases that cannot be used, with the name as far as it is known.
    public let broken: [PolicyTestResult]

    /// A file of this name beside a case file states what is right here for cases with a quirk.
    public static let expectationsName = "expectations.yaml"

    /// The cases of every file of cases in a directory and below it, in file name order; other files are left alone.
    ///
    /// - Throws: `WorldError` when the directory has none.
    public static func all(inDirectory path: String) throws(WorldError) -> PolicyCaseFile {
        let found = ManifestFiles([path])
        guard found.isComplete else {
            throw WorldError("the case files of \(path.quotedForMessage): \(found.problems.map(\.message))")
        }
        var cases: [PolicyCase] = []
        var broken: [PolicyTestResult] = []
        for file in found.files where !file.path.hasSuffix("/" + expectationsName) {
            let documents = ManifestParser(limits: WorldReader.limits).documents(in: file.bytes)
            let isOther = documents.allSatisfy { document in
                if case .value(let value) = document { !PolicyTestFile.isTestFile(value) } else { false }
            }
            if isOther { continue }
            let read = PolicyCaseFile(file.bytes, path: file.path)
            cases += read.cases
            broken += read.broken
        }
        guard !cases.isEmpty || !broken.isEmpty else {
            throw WorldError("there are no cases in \(path.quotedForMessage)")
        }
        return PolicyCaseFile(cases: cases, broken: broken)
    }

    public init(cases: [PolicyCase], broken: [PolicyTestResult]) {
        self.cases = cases
        self.broken = broken
    }

    init(_ bytes: [UInt8], path: String) {
        var cases: [PolicyCase] = []
        var broken: [PolicyTestResult] = []
        let file = path.escapedForMessage
        for document in ManifestParser(limits: WorldReader.limits).documents(in: bytes) {
            switch document {
            case .failure(let problem):
                let place = SourceLocation(file: file, line: problem.line, column: problem.column)
                broken.append(PolicyTestResult(PolicyTestError(problem.message, at: place), name: file))
            case .value(let list):
                let read = Self.read(TestField(value: list, file: file))
                cases += read.cases
                broken += read.broken
            }
        }
        let ours = CaseExpectations(beside: path)
        self.init(cases: cases.map(ours.applied), broken: broken + ours.broken)
    }

    private static func read(_ list: TestField) -> PolicyCaseFile {
        var cases: [PolicyCase] = []
        var broken: [PolicyTestResult] = []
        do {
            for item in try list.elements() {
                do throws(PolicyTestError) {
                    cases.append(try PolicyCase(item))
                } catch {
                    broken.append(
                        PolicyTestResult(error, name: item["name"]?.value.string ?? "a case without a name"))
                }
            }
        } catch {
            broken.append(PolicyTestResult(error, name: list.file))
        }
        return PolicyCaseFile(cases: cases, broken: broken)
    }
}

/// Our own pending results for cases whose quirk is that other software is less exact: by case name, the `egress` and
/// `ingress` with `pendingVerdict` and `pending`.
private struct CaseExpectations {
    private var fields: [String: TestField] = [:]
    private(set) var broken: [PolicyTestResult] = []

    init(beside path: String) {
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
            separator: "/")
        let file =
            (folder.isEmpty && !path.hasPrefix("/") ? "" : folder + "/") + PolicyCaseFile.expectationsName
        // There is no such file beside most case files.
        guard path != file, let bytes = try? ManifestFiles.bytes(ofFile: file) else { return }
        let name = file.escapedForMessage
        for document in ManifestParser().documents(in: bytes) {
            switch document {
            case .value(let value):
                guard case .object(let entries) = value.content else { continue }
                for entry in entries { fields[entry.key] = TestField(value: entry.value, file: name) }
            case .failure(let problem):
                let place = SourceLocation(file: name, line: problem.line, column: problem.column)
                broken.append(PolicyTestResult(PolicyTestError(problem.message, at: place), name: name))
            }
        }
    }

    func applied(to policyCase: PolicyCase) -> PolicyCase {
        guard !policyCase.quirk.isEmpty, let ours = fields[policyCase.name] else { return policyCase }
        var result = policyCase
        Self.apply(ours["egress"], to: &result.egress)
        Self.apply(ours["ingress"], to: &result.ingress)
        return result
    }

    private static func apply(_ ours: TestField?, to expectation: inout PolicyCase.Expectation?) {
        guard let ours, expectation != nil else { return }
        expectation?.pendingVerdict = ours.value["pendingVerdict"]?.string
        expectation?.pending = ours.value["pending"]?.elements.compactMap(\.string)
    }
}
