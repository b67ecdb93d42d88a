import FoundationEssentials
import Glibc
import Synchronization

/// A hidden file that belongs to this process as long as the object lives: the unfinished form of another file.
///
/// The file is locked with `flock`. The kernel releases the lock when the process ends, however it ends. So an unlocked
/// file is one that a process left behind, and the next process that creates a file in the same folder removes it. A
/// process number could not tell, because numbers are used again. Use an object from one thread at a time.
final class PartFile {
  /// The path of the file.
  let path: String
  /// An open descriptor for reading and writing.
  let descriptor: Int32
  private var listing: PartFileList.Entry?
  private var isRenamed = false

  private static let prefix = ".impasto-"
  private static let suffix = ".part"
  /// The beginning of the names in a folder that several machines share.
  private static let sharedPrefix = ".impasto-shared-"
  private static let counter = Atomic<Int>(0)
  private static let sweptFolders = Mutex<Set<String>>([])

  /// Creates a file in `folder`. The first call for a folder removes the files there that no process owns.
  ///
  /// Returns nil if the file cannot be created; `errno` has the reason.
  ///
  /// - Parameter isShared: Whether other machines write into the folder, too.
  init?(in folder: String, isShared: Bool = false) {
    let prefix = isShared ? Self.prefixOfThisMachine : Self.prefix
    if Self.sweptFolders.withLock({ $0.insert("\(isShared) \(folder)").inserted }) {
      Self.removeAbandoned(in: folder, prefix: isShared ? prefix : nil)
    }
    while true {
      let number = Self.counter.wrappingAdd(1, ordering: .relaxed).oldValue
      // Not derived from the target's name, which may already be as long as the file system allows.
      let path = "\(folder)/\(prefix)\(getpid())-\(number)\(Self.suffix)"
      let descriptor = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o666)
      if descriptor < 0 {
        // A process of another machine or container can have the same number.
        if errno == EEXIST { continue }
        return nil
      }
      // Some network file systems have no locks. Nothing is removed there, because the lock is not granted either.
      _ = flock(descriptor, LOCK_EX | LOCK_NB)
      var status = stat()
      // Another process may have removed the file before it was locked.
      if fstat(descriptor, &status) == 0, status.st_nlink == 0 {
        close(descriptor)
        continue
      }
      self.path = path
      self.descriptor = descriptor
      listing = PartFileList.add(path)
      return
    }
  }

  deinit {
    if !isRenamed { unlink(path) }
    listing?.remove()
    close(descriptor)
  }

  /// Renames the file to `target`, replacing what is there. Returns false if that fails; `errno` has the reason.
  func rename(to target: String) -> Bool {
    guard Glibc.rename(path, target) == 0 else { return false }
    isRenamed = true
    listing?.remove()
    listing = nil
    return true
  }

  private static let prefixOfThisMachine: String = {
    // POSIX: at most 255 bytes; Linux: 64.
    var name = [CChar](repeating: 0, count: 256)
    _ = gethostname(&name, name.count - 1)
    let letters = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }.map { $0 == UInt8(ascii: "/") ? 0x2d : $0 }
    // No name of a machine contains this mark, so none is the beginning of another's.
    return sharedPrefix + String(decoding: letters, as: UTF8.self) + "@"
  }()

  /// Whether the file at `name` is a hidden one that any machine writes into a folder that several share.
  static func isShared(_ name: String) -> Bool { name.hasPrefix(sharedPrefix) && name.hasSuffix(suffix) }

  /// Removes the files in `folder` whose process has ended.
  ///
  /// - Parameter own: The beginning of their names; nil for those in a folder of one machine.
  static func removeAbandoned(in folder: String, prefix own: String? = nil) {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    where name.hasPrefix(own ?? prefix) && name.hasSuffix(suffix) && (own != nil || !isShared(name)) {
      let path = "\(folder)/\(name)"
      let descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
      guard descriptor >= 0 else { continue }
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { unlink(path) }
      close(descriptor)
    }
  }
}

/// The part files of this process, in a form that a signal handler can read.
enum PartFileList {
  /// A place in the list.
  struct Entry {
    fileprivate let index: Int

    /// Removes the file from the list. The file itself stays.
    func remove() {
      let path = PartFileList.slots[index].exchange(nil, ordering: .acquiringAndReleasing)
      free(path)
    }
  }

  private static let count = 64
  nonisolated(unsafe) fileprivate static let slots: UnsafeMutablePointer<Atomic<UnsafeMutablePointer<CChar>?>> = {
    let slots = UnsafeMutablePointer<Atomic<UnsafeMutablePointer<CChar>?>>.allocate(capacity: count)
    for index in 0..<count { (slots + index).initialize(to: Atomic(nil)) }
    return slots
  }()

  /// Adds a file; returns nil if the list is full. Such a file stays behind if a signal ends the process.
  static func add(_ path: String) -> Entry? {
    let copy = strdup(path)
    for index in 0..<count
    where slots[index].compareExchange(expected: nil, desired: copy, ordering: .acquiringAndReleasing).exchanged {
      return Entry(index: index)
    }
    free(copy)
    return nil
  }

  /// Creates the list, which must not happen in a signal handler.
  static func prepare() { _ = slots }

  /// Removes all files in the list. Uses only atomic exchanges and `unlink`, which are safe in a signal handler.
  static func removeFiles() {
    for index in 0..<count {
      // The memory is not freed: that is not safe in a signal handler, and the process ends.
      if let path = slots[index].exchange(nil, ordering: .acquiringAndReleasing) { unlink(path) }
    }
  }
}

/// The unfinished files of this process, for programs that end without releasing their objects.
public enum UnfinishedFiles {
  /// Prepares for ``remove()``.
  public static func prepare() { PartFileList.prepare() }

  /// Removes every unfinished file. Safe in a signal handler after ``prepare()``; the process must end afterwards.
  public static func remove() { PartFileList.removeFiles() }
}
