import Foundation

/// A program of this package as the build left it, to be run as a user runs it.
public struct BuiltProgram: Sendable {
  /// What a run printed and how it ended.
  public struct Result: Sendable {
    /// The exit status; 128 + the signal's number where a signal ended the program.
    public let exitCode: Int32
    /// Standard output as text.
    public let output: String
    /// Standard error as text.
    public let errors: String
  }

  /// The file.
  public let path: String

  /// The product `name` beside the running test bundle.
  public init(_ name: String) throws {
    let bundle = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    path = (bundle as NSString).deletingLastPathComponent + "/" + name
    guard FileManager.default.isExecutableFile(atPath: path) else { throw CocoaError(.fileNoSuchFile) }
  }

  /// Any other program by its path.
  public init(path: String) { self.path = path }

  /// The first program called `name` on the PATH, if there is one.
  public static func onPath(_ name: String) -> BuiltProgram? {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    let candidates = folders.map { "\($0)/\(name)" }
    return candidates.first { FileManager.default.isExecutableFile(atPath: $0) }.map { BuiltProgram(path: $0) }
  }

  /// A child inherits the set of blocked signals, and the threads that run tests block all: the program would never see one.
  private func startWithSignals(_ process: Process) throws {
    var none = sigset_t()
    var before = sigset_t()
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    try process.run()
  }

  /// Runs the program to its end.
  ///
  /// - Parameters:
  ///   - environment: Added to this process's own.
  ///   - folder: The working folder.
  ///   - whileRunning: Called once the program has started, with its process number: to send it a signal.
  public func run(
    _ arguments: [String], environment: [String: String] = [:], folder: String? = nil,
    whileRunning: ((Int32) throws -> Void)? = nil
  ) throws -> Result {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
    process.standardInput = FileHandle.nullDevice
    // Files, not pipes: a program that prints much cannot block on a reader that waits for its end.
    let scratch = try TemporaryFolder()
    for name in ["output", "errors"] { _ = try scratch.write([], to: name) }
    process.standardOutput = FileHandle(forWritingAtPath: scratch.file("output"))
    process.standardError = FileHandle(forWritingAtPath: scratch.file("errors"))
    try startWithSignals(process)
    try whileRunning?(process.processIdentifier)
    process.waitUntilExit()
    let status = process.terminationStatus
    return Result(
      exitCode: process.terminationReason == .uncaughtSignal ? 128 + status : status,
      output: String(decoding: try scratch.bytes(of: "output"), as: UTF8.self),
      errors: String(decoding: try scratch.bytes(of: "errors"), as: UTF8.self))
  }
}
