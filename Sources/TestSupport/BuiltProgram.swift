import Foundation

/// One of this package's programs, as it was built along with the tests.
public struct BuiltProgram: Sendable {
  /// What a run left behind.
  public struct Outcome: Sendable {
    /// The exit code; 128 + the signal's number if one ended the program.
    public let exitCode: Int32
    /// All of standard output.
    public let standardOutput: String
    /// All of standard error.
    public let standardError: String
  }

  /// Why a program cannot be run.
  public enum Failure: Error {
    /// No such file beside the tests.
    case notBuilt(path: String)
  }

  private let path: String

  /// The program of that name; throws where it has not been built.
  public init(_ name: String) throws {
    let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    path = URL(fileURLWithPath: tests).deletingLastPathComponent().appendingPathComponent(name).path
    guard FileManager.default.isExecutableFile(atPath: path) else { throw Failure.notBuilt(path: path) }
  }

  /// Runs it to its end; `environment` is added to the tests' own.
  public func run(
    _ arguments: [String], in directory: String? = nil, environment: [String: String] = [:]
  ) throws -> Outcome {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    if let directory { process.currentDirectoryURL = URL(fileURLWithPath: directory) }
    // Files rather than pipes: nobody has to read while the program runs.
    let folder = try TemporaryFolder()
    let output = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.write([], to: "output")))
    let error = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.write([], to: "error")))
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = error
    try process.run()
    process.waitUntilExit()
    try output.close()
    try error.close()
    let status = process.terminationStatus
    return Outcome(
      exitCode: process.terminationReason == .exit ? status : 128 + status,
      standardOutput: String(decoding: try folder.bytes(of: "output"), as: UTF8.self),
      standardError: String(decoding: try folder.bytes(of: "error"), as: UTF8.self))
  }
}
