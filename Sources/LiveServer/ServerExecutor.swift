import Foundation

/// Dedicated threads for the server's tasks, so that no other work in the process can delay responses.
final class ServerExecutor: TaskExecutor, @unchecked Sendable {
  private static let threadCount = 2

  private let condition = NSCondition()
  // Protected by `condition`.
  private var jobs: [UnownedJob] = []
  private var next = 0

  /// Starts the threads, which run until the process exits, because an abandoned task may still resume.
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

  /// Removes the oldest job, and waits for one if necessary.
  private func take() -> UnownedJob {
    condition.lock()
    defer { condition.unlock() }
    while next == jobs.count { condition.wait() }
    let job = jobs[next]
    next += 1
    // Remove in batches, to keep the cost low.
    if next == jobs.count || next >= 1024 {
      jobs.removeFirst(next)
      next = 0
    }
    return job
  }
}
