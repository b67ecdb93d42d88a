import Console
import Foundation
import Networks
import Synchronization
import Threading

/// Trains styles from uploaded paintings, one at a time, with `train-style` as a child process at low priority.
///
/// While one training runs, one more can wait. The child writes to a hidden folder next to the models. The files move
/// to the model folder when the style is complete. The child ends with this process. What a killed server left behind
/// is published or removed by the next one.
package final class TrainingQueue: Sendable {
  /// The options of a queue.
  package struct Options: Sendable {
    /// The path of the training program.
    package var program: String
    /// Additional arguments.
    package var arguments: [String]
    /// The folder for finished styles, which is created if it does not exist.
    package var modelFolder: String
    /// The maximum memory of a training in bytes.
    package var memoryLimit: Int
    /// Returns why no training is possible at present, in one sentence; nil if one is.
    package var obstacle: @Sendable () -> String?

    /// Creates options for `program`.
    package init(
      program: String, arguments: [String] = [], modelFolder: String, memoryLimit: Int = 8 << 30,
      obstacle: @escaping @Sendable () -> String? = { nil }
    ) {
      self.program = program
      self.arguments = arguments
      self.modelFolder = modelFolder
      self.memoryLimit = memoryLimit
      self.obstacle = obstacle
    }
  }

  /// The training of a style from a painting.
  package struct Job: Codable, Equatable, Sendable {
    /// The state of a job.
    package enum State: String, Codable, Sendable {
      case waiting, running, finished, failed, cancelled
    }

    /// The identifier in request paths.
    package let id: String
    /// The style's name.
    package let name: String
    /// The state of the job.
    package var state = State.waiting
    /// The number of steps completed.
    package var iteration = 0
    /// The total number of steps; 0 while unknown.
    package var iterations = 0
    /// Seconds since the training started; 0 before.
    package var seconds = 0.0
    /// The seconds that remain, estimated from the steps so far; nil before the first step and after the end.
    package var remaining: Double?
    /// The program's latest message, or why it failed. One line.
    package var message = ""
    /// The number of the newest preview; nil before the first.
    package var preview: Int?
  }

  /// Describes why a painting was rejected.
  enum Refusal: Error, Equatable {
    /// One training is running and another is waiting.
    case isFull
    /// The data is not an image or its size is out of range.
    case unreadable(String)
    /// The painting cannot be stored.
    case unwritable(String)
  }

  static let maximumExtent = 8192
  /// The maximum number of pixels. Those of most cameras have fewer, and a training decodes all of them.
  static let maximumPixelCount = 25_000_000
  static let minimumExtent = 64
  /// The maximum number of listed jobs.
  private static let listedCount = 8

  private struct Entry {
    var job: Job
    var folder: TrainingFolder
    var painting: String
    var isCancelled = false
    /// The files that the child writes.
    var files: StyleFiles { StyleFiles(name: job.name, folder: folder.path) }
    var hasEnded: Bool { [.finished, .failed, .cancelled].contains(job.state) }
  }

  private let options: Options
  private let catalog: StyleCatalog
  let trained: TrainedStyles
  private let entries = Mutex<[Entry]>([])
  private let isStopped = Atomic<Bool>(false)

  /// Creates a queue whose finished styles appear in `catalog`. Takes care of what other servers left in the folder.
  package init(_ options: Options, catalog: StyleCatalog) {
    self.options = options
    self.catalog = catalog
    trained = TrainedStyles(folder: options.modelFolder)
    TrainingFolder.clearAbandoned(in: options.modelFolder, trained)
  }

  /// How long a training takes on this machine in seconds, measured at the latest one; nil before the first.
  var usualSeconds: Double? { trained.seconds(arguments: options.arguments) }

  /// Why no training is possible at present, in one sentence; nil if one is.
  package var obstacle: String? { options.obstacle() }

  /// The listed jobs, oldest first.
  package var jobs: [Job] { entries.withLock { $0.map(\.job) } }

  /// Adds a painting. The style's name is derived from `name`.
  ///
  /// - Throws: ``Refusal``.
  func submit(_ picture: UnsafeRawBufferPointer, name: String) throws(Refusal) -> Job {
    guard let header = PictureHeader(picture) else { throw .unreadable("expected a PNG, JPEG or WebP image") }
    // The training of a killed server may have needed a moment to stop.
    TrainingFolder.clearAbandoned(in: options.modelFolder, trained)
    let range = Self.minimumExtent...Self.maximumExtent
    guard range.contains(header.width), range.contains(header.height) else {
      throw .unreadable(
        "found \(header.width)x\(header.height) pixels, expected \(range.lowerBound) to \(range.upperBound) in each dimension"
      )
    }
    guard header.width * header.height <= Self.maximumPixelCount else {
      throw .unreadable(
        "found \(header.width)x\(header.height) pixels, expected at most \(Self.maximumPixelCount / 1_000_000) million")
    }
    guard PictureEnd.isPresent(in: picture, of: header.kind) else { throw .unreadable("the image is truncated") }
    let id = UUID().uuidString.lowercased()
    // The server chooses the names of folder and files. From the request they contain only the letters, digits and
    // hyphens of a slug.
    let known = Set(catalog.entries.map(\.name))
    let job = try entries.withLock { entries throws(Refusal) -> Job in
      let open = entries.filter { !$0.hasEnded }
      guard open.count < 2, !isStopped.load(ordering: .acquiring) else { throw .isFull }
      let name = Self.uniqueName(name, besides: known.union(open.map(\.job.name)))
      let job = Job(id: id, name: name)
      let (folder, painting) = try store(picture, id: id, fileExtension: header.kind.fileExtension)
      entries.append(Entry(job: job, folder: folder, painting: painting))
      while entries.count > Self.listedCount, let index = entries.firstIndex(where: \.hasEnded) {
        Self.clean(entries.remove(at: index))
      }
      return job
    }
    startNext()
    return job
  }

  private func store(
    _ picture: UnsafeRawBufferPointer, id: String, fileExtension: String
  ) throws(Refusal) -> (folder: TrainingFolder, painting: String) {
    do {
      let folder = try TrainingFolder(id: id, in: options.modelFolder)
      let painting = "\(folder.path)/painting.\(fileExtension)"
      do {
        try Data(picture).write(to: URL(fileURLWithPath: painting))
      } catch {
        folder.remove()
        throw error
      }
      return (folder, painting)
    } catch {
      throw .unwritable("the painting cannot be stored")
    }
  }

  /// Returns a slug of `name`, with a number appended if the name is taken.
  static func uniqueName(_ name: String, besides known: Set<String>) -> String {
    let words = name.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
    let slug = String(words.joined(separator: "-").prefix(40)).trimmingCharacters(in: ["-"])
    let base = slug.isEmpty ? "style" : slug
    var result = base
    var number = 2
    while known.contains(result) {
      result = "\(base)-\(number)"
      number += 1
    }
    return result
  }

  /// Cancels a running or waiting job. Returns false if there is no such job.
  func cancel(_ id: String) -> Bool {
    let isKnown = entries.withLock { entries in
      guard let index = entries.firstIndex(where: { $0.job.id == id && !$0.hasEnded }) else { return false }
      entries[index].isCancelled = true
      if entries[index].job.state == .waiting {
        entries[index].job.state = .cancelled
        Self.clean(entries[index])
      }
      return true
    }
    return isKnown
  }

  /// Returns the path of a job's newest preview.
  func preview(_ id: String) -> String? {
    let found = entries.withLock { entries in entries.first { $0.job.id == id } }
    guard let found, let number = found.job.preview else { return nil }
    return found.files.training.preview(number)
  }

  /// Returns the path and the media type of a job's painting.
  func painting(_ id: String) -> (path: String, mediaType: String)? {
    guard let found = entries.withLock({ entries in entries.first { $0.job.id == id } }) else { return nil }
    let type = (found.painting as NSString).pathExtension
    return (found.painting, "image/\(type == "jpg" ? "jpeg" : type)")
  }

  /// Cancels all jobs and rejects new ones.
  package func stop() {
    isStopped.store(true, ordering: .releasing)
    entries.withLock { entries in
      for index in entries.indices where !entries[index].hasEnded { entries[index].isCancelled = true }
    }
    for _ in 0..<200 where entries.withLock({ $0.contains { $0.job.state == .running } }) { usleep(20_000) }
    entries.withLock { entries in entries.forEach(Self.clean) }
  }

  private static func clean(_ entry: Entry) { entry.folder.remove() }

  // MARK: Running

  private func startNext() {
    let next = entries.withLock { entries -> Entry? in
      guard !entries.contains(where: { $0.job.state == .running }),
        let index = entries.firstIndex(where: { $0.job.state == .waiting })
      else { return nil }
      entries[index].job.state = .running
      return entries[index]
    }
    guard let next else { return }
    let thread = Thread { [self] in
      run(next)
      startNext()
    }
    thread.name = "training"
    thread.start()
  }

  private func update(_ id: String, _ change: (inout Entry) -> Void) {
    entries.withLock { entries in
      if let index = entries.firstIndex(where: { $0.job.id == id }) { change(&entries[index]) }
    }
  }

  private func run(_ entry: Entry) {
    let id = entry.job.id
    let child = TrainingChild(
      program: options.program,
      arguments: [entry.painting, "--output", entry.files.model, "--preview-interval", "25"] + options.arguments,
      memoryLimit: options.memoryLimit, folder: entry.folder)
    let start = ContinuousClock.now
    let outcome = child.run(
      shouldStop: { [self] in entries.withLock { $0.first { $0.job.id == id }?.isCancelled ?? true } },
      observe: { [self] progress in
        update(id) { entry in
          entry.job.seconds = start.duration(to: .now).seconds.rounded(.down)
          if let record = progress.record {
            entry.job.iteration = record.iteration
            entry.job.iterations = record.iterations ?? 0
            entry.job.remaining = record.eta.flatMap { (0..<1e7).contains($0) ? $0.rounded() : nil }
          }
          let message = progress.record?.text ?? progress.sentence
          if !message.isEmpty { entry.job.message = message.withoutFolders }
          entry.job.preview = entry.files.training.previews.max() ?? entry.job.preview
        }
      })
    var state = Job.State.finished
    var message = "done"
    switch outcome {
    case .stopped: (state, message) = (.cancelled, "cancelled")
    case .failed(let reason): (state, message) = (.failed, reason)
    case .finished:
      do {
        try publish(entry)
        trained.note(seconds: start.duration(to: .now).seconds, arguments: options.arguments)
      } catch {
        (state, message) = (.failed, "the style cannot be stored")
      }
    }
    catalog.refresh()
    update(id) { entry in
      entry.job.state = state
      entry.job.message = message.withoutFolders
      entry.job.remaining = nil
      if state == .cancelled { Self.clean(entry) }
    }
  }

  /// Moves the style to the model folder.
  private func publish(_ entry: Entry) throws {
    try trained.add(entry.job.name)
    try TrainingFolder.publish(entry.files, as: StyleFiles(name: entry.job.name, folder: options.modelFolder))
  }
}
