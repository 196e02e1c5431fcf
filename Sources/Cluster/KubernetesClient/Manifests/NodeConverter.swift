// SPDX-License-Identifier: Apache-2.0

internal import PolicyModel
internal import Yams

/// Turns Yams' nodes into `ManifestValue`s, counting what it makes.
struct NodeConverter {
    /// A value and what it costs wherever it is put again.
    struct Converted {
        let value: ManifestValue
        let nodeCount: Int
        let height: Int
    }

    let lineOffset: Int
    let maximumDepth: Int
    /// Values that may still be made.
    var budget: Int
    let marker: Unicode.Scalar?
    private var anchors: [String: Converted] = [:]

    private static let coreTags = Set(
        ["str", "seq", "map", "int", "float", "bool", "null"].map { "tag:yaml.org,2002:\($0)" } + ["!"])

    init(lineOffset: Int, maximumDepth: Int, budget: Int, marker: Unicode.Scalar?) {
        self.lineOffset = lineOffset
        self.maximumDepth = maximumDepth
        self.budget = budget
        self.marker = marker
    }

    mutating func convert(_ node: Node, depth: Int) throws(ManifestSyntaxError) -> Converted {
        let place = location(node)
        guard depth <= maximumDepth else { throw tooDeep(place) }
        try spend(1, place)
        try checkTag(node, place)
        var result: Converted
        switch node {
        case .scalar(let scalar): result = try convert(scalar, place, depth: depth)
        case .sequence(let sequence): result = try convert(sequence, place, depth: depth)
        case .mapping(let mapping): result = try convert(mapping, place, depth: depth)
        case .alias:
            throw ManifestSyntaxError(line: place.line, column: place.column, "an alias without its anchor")
        }
        if let name = node.anchor?.rawValue { anchors[name] = result }
        return result
    }

    private mutating func convert(
        _ scalar: Node.Scalar, _ place: (line: Int, column: Int), depth: Int
    ) throws(ManifestSyntaxError) -> Converted {
        if let name = try aliasName(scalar, place) {
            guard let target = anchors[name] else {
                throw ManifestSyntaxError(
                    line: place.line, column: place.column,
                    "the alias '*\(name)' has no anchor '&\(name)' before it")
            }
            guard depth + target.height <= maximumDepth else { throw tooDeep(place) }
            try spend(target.nodeCount, place)
            return target
        }
        let text = restored(scalar.string)
        let isPlain = scalar.style == .plain && scalar.tag.rawValue != Tag.Name.str.rawValue
        let content = isPlain ? YAMLScalar.resolve(text) : .string(text)
        let value = ManifestValue(content, line: place.line, column: place.column, text: text)
        return Converted(value: value, nodeCount: 1, height: 0)
    }

    private mutating func convert(
        _ sequence: Node.Sequence, _ place: (line: Int, column: Int), depth: Int
    ) throws(ManifestSyntaxError) -> Converted {
        var elements: [ManifestValue] = []
        var count = 1
        var height = 0
        for node in sequence {
            let element = try convert(node, depth: depth + 1)
            elements.append(element.value)
            count += element.nodeCount
            height = max(height, element.height + 1)
        }
        let value = ManifestValue(.array(elements), line: place.line, column: place.column)
        return Converted(value: value, nodeCount: count, height: height)
    }

    private mutating func convert(
        _ mapping: Node.Mapping, _ place: (line: Int, column: Int), depth: Int
    ) throws(ManifestSyntaxError) -> Converted {
        var entries: [ManifestValue.Entry] = []
        var lines: [String: Int] = [:]
        var count = 1
        var height = 0
        for (keyNode, valueNode) in mapping {
            let keyPlace = location(keyNode)
            let key = try self.key(keyNode, keyPlace)
            if let first = lines.updateValue(keyPlace.line, forKey: key) {
                throw YAMLFailure.duplicateKey(
                    key, first: first, line: keyPlace.line, column: keyPlace.column)
            }
            let child = try convert(valueNode, depth: depth + 1)
            entries.append(.init(key: key, line: keyPlace.line, column: keyPlace.column, value: child.value))
            count += child.nodeCount
            height = max(height, child.height + 1)
        }
        let value = ManifestValue(.object(entries), line: place.line, column: place.column)
        return Converted(value: value, nodeCount: count, height: height)
    }

    private mutating func key(
        _ node: Node, _ place: (line: Int, column: Int)
    ) throws(ManifestSyntaxError) -> String {
        guard case .scalar(let scalar) = node, try aliasName(scalar, place) == nil else {
            throw ManifestSyntaxError(
                line: place.line, column: place.column,
                "a key must be plain text, not a list, an object or an alias")
        }
        try checkTag(node, place)
        if scalar.string == "<<", scalar.style == .plain {
            throw ManifestSyntaxError(
                line: place.line, column: place.column, "merge keys ('<<') are not read",
                try: "write the merged fields out")
        }
        let text = restored(scalar.string)
        if let name = node.anchor?.rawValue {
            let value = ManifestValue(.string(text), line: place.line, column: place.column, text: text)
            anchors[name] = Converted(value: value, nodeCount: 1, height: 0)
        }
        return text
    }

    // MARK: Rules

    private mutating func spend(_ count: Int, _ place: (line: Int, column: Int)) throws(ManifestSyntaxError) {
        budget -= count
        guard budget < 0 else { return }
        throw ManifestSyntaxError(
            line: place.line, column: place.column,
            "the file holds too many values once its aliases are expanded",
            try: "split it into several files, and use fewer aliases")
    }

    private func tooDeep(_ place: (line: Int, column: Int)) -> ManifestSyntaxError {
        ManifestSyntaxError(
            line: place.line, column: place.column, "the document nests deeper than \(maximumDepth) levels")
    }

    /// Tags name types to construct; only those of the core schema mean anything here.
    private func checkTag(_ node: Node, _ place: (line: Int, column: Int)) throws(ManifestSyntaxError) {
        let tag: String
        switch node {
        case .scalar(let it): tag = it.tag.rawValue
        case .sequence(let it): tag = it.tag.rawValue
        case .mapping(let it): tag = it.tag.rawValue
        case .alias: return
        }
        guard !tag.isEmpty, !Self.coreTags.contains(tag) else { return }
        throw ManifestSyntaxError(
            line: place.line, column: place.column, "the tag \(tag.quotedForMessage) is not allowed",
            try: "remove the tag")
    }

    private func aliasName(
        _ scalar: Node.Scalar, _ place: (line: Int, column: Int)
    ) throws(ManifestSyntaxError) -> String? {
        guard let marker, scalar.style == .plain, scalar.string.unicodeScalars.first == marker else {
            return nil
        }
        let name = String(String.UnicodeScalarView(scalar.string.unicodeScalars.dropFirst()))
        guard name.utf8.allSatisfy(AliasMarker.isNameByte) else {
            throw ManifestSyntaxError(
                line: place.line, column: place.column, "text that starts with '*' must be quoted")
        }
        return name
    }

    private func restored(_ text: String) -> String {
        guard let marker, text.unicodeScalars.contains(marker) else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { $0 == marker ? "*" : $0 }))
    }

    private func location(_ node: Node) -> (line: Int, column: Int) {
        ((node.mark?.line ?? 1) + lineOffset, node.mark?.column ?? 1)
    }
}
