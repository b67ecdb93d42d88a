import Foundation
import FuzzTargets
import TestSupport
import Testing

@Suite struct FuzzTargetTests {
  /// Runs the seeds and what a fuzzer has found, without the fuzzer.
  @Test(arguments: FuzzTarget.allCases) func inputsRun(_ target: FuzzTarget) throws {
    let folder = try TemporaryFolder()
    let inputs = try #require(Bundle.module.url(forResource: "Inputs", withExtension: nil))
      .appendingPathComponent(target.rawValue)
    let names = try FileManager.default.contentsOfDirectory(atPath: inputs.path)
    #expect(!names.isEmpty)
    for name in names {
      let bytes = try Data(contentsOf: inputs.appendingPathComponent(name))
      try bytes.withUnsafeBytes { try target.run($0, path: folder.file("input")) }
    }
  }
}
