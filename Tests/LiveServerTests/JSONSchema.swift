import Foundation

/// A validator for the subset of JSON Schema that docs/openapi.json uses.
///
/// Properties that the schema does not list are errors, so that the document must be complete.
struct JSONSchema {
  /// The whole document, to resolve `$ref`.
  let document: [String: Any]

  /// Returns the violations of `schema` in `value`, each with its location.
  func faults(of value: Any, as schema: [String: Any], at place: String = "$") throws -> [String] {
    if let reference = schema["$ref"] as? String { return try faults(of: value, as: resolve(reference), at: place) }
    if let choices = schema["oneOf"] as? [[String: Any]] {
      let fitting = try choices.filter { try faults(of: value, as: $0, at: place).isEmpty }
      return fitting.count == 1 ? [] : ["\(place) fits \(fitting.count) of \(choices.count) schemas"]
    }
    guard let type = schema["type"] as? String else { throw Unreadable(what: "a schema without a type at \(place)") }
    guard try Self.has(value, type: type) else { return ["\(place) is not of type \(type)"] }
    var found: [String] = []
    if let allowed = schema["enum"] as? [String], let text = value as? String, !allowed.contains(text) {
      found.append("\(place) is '\(text)'")
    }
    if let items = schema["items"] as? [String: Any], let values = value as? [Any] {
      for (index, element) in values.enumerated() {
        found += try faults(of: element, as: items, at: "\(place)[\(index)]")
      }
    }
    if let values = value as? [String: Any] {
      let properties = schema["properties"] as? [String: [String: Any]] ?? [:]
      for key in schema["required"] as? [String] ?? [] where values[key] == nil {
        found.append("\(place).\(key) is missing")
      }
      for (key, element) in values {
        guard let property = properties[key] else {
          found.append("\(place).\(key) is not in the document")
          continue
        }
        found += try faults(of: element, as: property, at: "\(place).\(key)")
      }
    }
    return found
  }

  /// Returns the part of the document that `reference`, `#/a/b/c`, refers to.
  func resolve(_ reference: String) throws -> [String: Any] {
    var node: Any = document
    for key in reference.split(separator: "/").dropFirst() {
      guard let next = (node as? [String: Any])?[String(key)] else {
        throw Unreadable(what: "\(reference), which does not exist")
      }
      node = next
    }
    guard let node = node as? [String: Any] else { throw Unreadable(what: "\(reference), which is not an object") }
    return node
  }

  private static func has(_ value: Any, type: String) throws -> Bool {
    switch type {
    case "object": return value is [String: Any]
    case "array": return value is [Any]
    case "string": return value is String
    case "boolean", "integer", "number":
      guard let number = value as? NSNumber else { return false }
      // Foundation represents JSON booleans and numbers by the same class.
      let isBoolean = String(cString: number.objCType) == "c"
      if type == "boolean" { return isBoolean }
      return !isBoolean && (type == "number" || number.doubleValue == number.doubleValue.rounded())
    default: throw Unreadable(what: "the type '\(type)'")
    }
  }

  /// The document uses an unsupported feature.
  struct Unreadable: Error {
    let what: String
  }
}
