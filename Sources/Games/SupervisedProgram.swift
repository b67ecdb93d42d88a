import Foundation
import Synchronization

/// A running program in a session of its own. It ends with this process, however this process ends.
///
/// A shell stands between the two. It waits for the end of a pipe whose other end only this process has, then ends its
/// whole process group: first with SIGTERM, and what ignores that with SIGKILL after three seconds. The parent-death
/// signal of Linux would not do: it follows the thread that started the program, and the program's own children do not
/// inherit it.
final class SupervisedProgram: Sendable {
  /// How a program has ended.
  enum End: Equatable, Sendable {
    case exit(Int)
    case signal(Int)
  }

  /// Where the output of a program goes.
  enum Output {
    /// To the standard error of this process.
    case standardError
    /// To a file.
    case file(String)
  }

  /// Descriptors of the shell: the pipe that tells it to end, the program's own pipe, and the report of its end.
  private static let (lifeline, answer, report): (Int32, Int32, Int32) = (0, 3, 5)
  /// Longer than the shell waits before it kills.
  private static let patience = DispatchTimeInterval.seconds(6)

  /// `$0` is a folder to remove when this process has ended, `$@` the program. The shell itself says nothing, for
  /// example that the program was terminated.
  private static let script = #"""
    trap : TERM
    exec 4<&0 </dev/null 6>&2 2>/dev/null
    (
      trap '' TERM
      cat <&4 >/dev/null
      [ -z "$0" ] || rm -rf "$0"
      kill -TERM 0
      sleep 3
      kill -KILL 0
    ) 3>&- 5>&- 6>&- &
    (exec "$@" 2>&6 4<&- 5>&- 6>&-)
    status=$?
    trap '' TERM PIPE
    echo $status >&5
    kill -TERM 0
    sleep 0.2
    kill -KILL 0
    """#

  private struct State {
    var end: End?
    /// The end for writing of the pipe that keeps the program running; nil when it has been told to end.
    var lifeline: Int32?
  }

  private let state: Mutex<State>
  private let answers: Int32
  private let ended = DispatchSemaphore(value: 0)

  /// Starts a program.
  ///
  /// - Parameters:
  ///   - command: The path of the program and its arguments.
  ///   - environment: The complete environment of the program.
  ///   - folder: A folder to remove if this process ends without a call of ``stop()``; empty for none.
  /// - Throws: ``GameError`` if no process can be started.
  init(_ command: [String], environment: [String: String], output: Output, removing folder: String = "")
    throws(GameError)
  {
    let (life, answer, report) = (try Pipe(), try Pipe(), try Pipe())
    let actions = FileActions()
    actions.duplicate(life.reading, to: Self.lifeline)
    actions.duplicate(answer.writing, to: Self.answer)
    actions.duplicate(report.writing, to: Self.report)
    if case .file(let path) = output { actions.open(path, as: 2) }
    // The standard output of this process belongs to what reads it.
    actions.duplicate(2, to: 1)
    let process: pid_t
    do throws(GameError) {
      process = try actions.spawn(["/bin/sh", "-c", Self.script, folder] + command, environment: environment)
    } catch {
      for pipe in [life, answer, report] { pipe.close() }
      throw error
    }
    for descriptor in [life.reading, answer.writing, report.writing] { close(descriptor) }
    state = Mutex(State(lifeline: life.writing))
    answers = answer.reading
    Thread.detachNewThread { [self] in observe(report.reading, of: process) }
  }

  deinit { close(answers) }

  /// How the program has ended; nil while it runs.
  var end: End? { state.withLock { $0.end } }

  /// Returns the line that the program writes to descriptor 3, or nil if it writes none within `seconds` or ends.
  func answer(within seconds: Double) -> String? {
    let deadline = Date(timeIntervalSinceNow: seconds)
    var line: [UInt8] = []
    while line.count < 256, deadline.timeIntervalSinceNow > 0 {
      var request = pollfd(fd: answers, events: Int16(POLLIN), revents: 0)
      if poll(&request, 1, 100) <= 0 { continue }
      var byte: UInt8 = 0
      guard read(answers, &byte, 1) == 1 else { return nil }
      if byte == UInt8(ascii: "\n") { return String(decoding: line, as: UTF8.self) }
      line.append(byte)
    }
    return nil
  }

  /// Ends the program and all of its process group, and waits for that.
  func stop() {
    let lifeline = state.withLock { state in
      defer { state.lifeline = nil }
      return state.lifeline
    }
    if let lifeline { close(lifeline) }
    if ended.wait(timeout: .now() + Self.patience) == .success { ended.signal() }
  }

  /// Waits for the report and then for the shell. Runs on a thread of its own.
  private func observe(_ report: Int32, of process: pid_t) {
    var text: [UInt8] = []
    var byte: UInt8 = 0
    while text.count < 16, byte != UInt8(ascii: "\n") {
      let count = read(report, &byte, 1)
      if count < 0, errno == EINTR { continue }
      guard count == 1 else { break }
      text.append(byte)
    }
    close(report)
    // Without a report, the whole group was killed. A shell adds 128 to the number of a signal.
    let status = Int(String(decoding: text.dropLast(), as: UTF8.self)) ?? 128 + Int(SIGKILL)
    state.withLock { $0.end = status > 128 ? .signal(status - 128) : .exit(status) }
    var ignored: Int32 = 0
    while waitpid(process, &ignored, 0) < 0, errno == EINTR {}
    ended.signal()
  }
}

/// The two ends of a pipe that no other child inherits.
private struct Pipe {
  let reading: Int32
  let writing: Int32

  /// The lowest number of a descriptor, so that none is one of those that the child gets.
  private static let lowest: Int32 = 16

  init() throws(GameError) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else {
      throw .system(operation: "create a pipe", reason: String(cString: strerror(errno)))
    }
    reading = fcntl(ends[0], F_DUPFD_CLOEXEC, Self.lowest)
    writing = fcntl(ends[1], F_DUPFD_CLOEXEC, Self.lowest)
    Foundation.close(ends[0])
    Foundation.close(ends[1])
    guard reading >= 0, writing >= 0 else {
      close()
      throw .system(operation: "create a pipe", reason: String(cString: strerror(errno)))
    }
  }

  func close() {
    for end in [reading, writing] where end >= 0 { Foundation.close(end) }
  }
}

/// What a new process does with its descriptors before it becomes a program.
private final class FileActions {
  /// `POSIX_SPAWN_SETSID`, which `spawn.h` hides from Swift.
  private static let setsid: Int16 = 0x80

  private var actions = posix_spawn_file_actions_t()

  init() { posix_spawn_file_actions_init(&actions) }
  deinit { posix_spawn_file_actions_destroy(&actions) }

  func duplicate(_ descriptor: Int32, to other: Int32) {
    posix_spawn_file_actions_adddup2(&actions, descriptor, other)
  }

  func open(_ path: String, as descriptor: Int32) {
    posix_spawn_file_actions_addopen(&actions, descriptor, path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
  }

  /// Starts a process in a session of its own, with the usual handling of signals.
  func spawn(_ command: [String], environment: [String: String]) throws(GameError) -> pid_t {
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // A child inherits what this process ignores and what the calling thread blocks.
    var none = sigset_t()
    var usual = sigset_t()
    sigemptyset(&none)
    sigemptyset(&usual)
    for signal in [SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGXFSZ] { sigaddset(&usual, signal) }
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &usual)
    posix_spawnattr_setflags(
      &attributes, Self.setsid | Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF))
    var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in arguments + variables { free(text) } }
    var process: pid_t = 0
    let status = posix_spawn(&process, command[0], &actions, &attributes, &arguments, &variables)
    guard status == 0 else {
      throw .system(operation: "start \(command[0])", reason: String(cString: strerror(status)))
    }
    return process
  }
}
