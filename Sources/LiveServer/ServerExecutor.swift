import Foundation

/// Threads of the server's own for what it answers: nothing else in the process, however long it takes, keeps them from
/// it.
final class ServerExecutor: TaskExecutor, @unchecked Sendable {
  private static let threadCount = 2

  private let condition = NSCondition()
  // Guarded by `condition`.
  private var jobs: [UnownedJob] = []
  private var next = 0

  /// Starts the threads, which run as long as the process: a task that was left behind may still come.
  init() {
    for _ in 0..<Self.threadCount {
      let thread = Thread { [self] in while true { take().runSynchronously(on: asUnownedTaskExecutor()) } }
      thread.name = "server"
      thread.start()
    }
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    condition.lock()
    jobs.append(job)
    condition.signal()
    condition.unlock()
  }

  /// The oldest job, waiting for one.
  private func take() -> UnownedJob {
    condition.lock()
    defer { condition.unlock() }
    while next == jobs.count { condition.wait() }
    let job = jobs[next]
    next += 1
    // Now and then, so that it costs little.
    if next == jobs.count || next >= 1024 {
      jobs.removeFirst(next)
      next = 0
    }
    return job
  }
}
