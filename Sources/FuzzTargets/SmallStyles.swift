import Inference
import Networks
import Streaming
import TestSupport

/// Styles of small networks, `a` and `b`. Only `b` has a canvas and a revision.
package enum SmallStyles {
  /// There is no style of the name that the input gives.
  package struct Missing: Error {}

  private static let styles = Result {
    try ["a": nil, "b": canvasNetwork].map { name, network in
      NamedStyle(name, model: try PreparedModel(try randomModel(seed: 1, network: network)))
    }
  }

  /// Returns the style named `name`.
  ///
  /// - Throws: ``Missing``.
  package static func style(_ name: String) throws -> NamedStyle {
    guard let style = try styles.get().first(where: { $0.name == name }) else { throw Missing() }
    return style
  }
}
