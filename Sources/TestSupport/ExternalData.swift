import Foundation

/// Files that are not in the repository. `make test` downloads them.
package enum ExternalData {
  /// The path of the VGG-16 weights in `IMPASTO_DATA` or the user's data folder; nil if they are not installed.
  package static var vgg16: String? {
    let environment = ProcessInfo.processInfo.environment
    func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    let shared = value("XDG_DATA_HOME") ?? value("HOME").map { $0 + "/.local/share" }
    guard let folder = value("IMPASTO_DATA") ?? shared.map({ $0 + "/impasto" }) else { return nil }
    let path = folder + "/vgg16.safetensors"
    return FileManager.default.isReadableFile(atPath: path) ? path : nil
  }
}
