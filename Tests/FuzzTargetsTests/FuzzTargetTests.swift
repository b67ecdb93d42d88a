import Foundation
import FuzzServer
import FuzzTargets
import FuzzTraining
import TestSupport
import Testing

@Suite struct FuzzTargetTests {
  private static let targets = FuzzTarget.all + FuzzTarget.server + FuzzTarget.training

  /// Runs the seeds and what a fuzzer has found, without the fuzzer.
  @Test(arguments: targets.map(\.name)) func inputsRun(_ name: String) throws {
    let target = try #require(Self.targets.first { $0.name == name })
    let folder = try TemporaryFolder()
    let inputs = try #require(Bundle.module.url(forResource: "Inputs", withExtension: nil))
      .appendingPathComponent(name)
    let files = try FileManager.default.contentsOfDirectory(atPath: inputs.path)
    #expect(!files.isEmpty)
    for file in files {
      let bytes = try Data(contentsOf: inputs.appendingPathComponent(file))
      try bytes.withUnsafeBytes { try target.run($0, path: folder.file("input")) }
    }
  }

  /// Each folder of inputs belongs to a target.
  @Test func targetsHaveInputs() throws {
    let inputs = try #require(Bundle.module.url(forResource: "Inputs", withExtension: nil))
    let folders = try FileManager.default.contentsOfDirectory(atPath: inputs.path)
    #expect(Set(folders) == Set(Self.targets.map(\.name)))
  }
}
