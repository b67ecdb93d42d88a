import Foundation

/// A built program of this package, which tests run as a user would.
public struct BuiltProgram: Sendable {
  /// The output and the exit status of a run.
  public struct Result: Sendable {
    /// The exit status, or 128 + the signal's number if a signal ended the program.
    public let exitCode: Int32
    /// Standard output as text.
    public let output: String
    /// Standard error as text.
    public let errors: String
  }

  /// The path of the executable.
  package let path: String

  /// Finds the product `name` next to the running test bundle.
  ///
  /// - Throws: `CocoaError` if it has not been built.
  public init(_ name: String) throws {
    let bundle = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    path = (bundle as NSString).deletingLastPathComponent + "/" + name
    guard FileManager.default.isExecutableFile(atPath: path) else { throw CocoaError(.fileNoSuchFile) }
  }

  /// Creates a program from the path of an executable.
  package init(path: String) { self.path = path }

  /// Returns the first program called `name` on the PATH; nil if there is none.
  public static func onPath(_ name: String) -> BuiltProgram? {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    let candidates = folders.map { "\($0)/\(name)" }
    return candidates.first { FileManager.default.isExecutableFile(atPath: $0) }.map { BuiltProgram(path: $0) }
  }

  /// Starts a process without blocked signals. Child processes inherit the set of blocked signals, and threads that run
  /// tests block all of them.
  private func startWithSignals(_ process: Process) throws {
    var none = sigset_t()
    var before = sigset_t()
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    try process.run()
  }

  /// Runs the program and waits for its end.
  ///
  /// - Parameters:
  ///   - environment: Variables to add to this process's environment.
  ///   - folder: The working directory.
  ///   - whileRunning: Called with the process identifier after the program has started, for example to send a signal.
  /// - Throws: An error if the program cannot be started, or the error of `whileRunning`.
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
    // Files instead of pipes, so that a program with much output cannot block on a reader that waits for its end.
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
