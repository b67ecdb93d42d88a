import Files
import Foundation
import TestSupport
import Testing

struct AtomicFileTests {
  @Test func appearsOnlyWhenCommitted() throws {
    let folder = try TemporaryFolder()
    let file = try AtomicFile(path: folder.file("a"))
    try file.write([UInt8(1), 2])
    try file.write([UInt16(0x0403).littleEndian])
    #expect(try !folder.names.contains("a"))
    try file.commit()
    #expect(try folder.names == ["a"])
    #expect(try folder.bytes(of: "a") == [1, 2, 3, 4])
  }

  @Test func leavesTheTargetAloneWithoutCommit() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write([9], to: "a")
    do {
      let file = try AtomicFile(path: path)
      try file.write([UInt8(1)])
    }
    #expect(try folder.names == ["a"])
    #expect(try folder.bytes(of: "a") == [9])
  }

  @Test func replacesTheFileBehindALink() throws {
    let folder = try TemporaryFolder()
    let target = try folder.write([9], to: "target")
    try FileManager.default.createSymbolicLink(atPath: folder.file("link"), withDestinationPath: target)
    let file = try AtomicFile(path: folder.file("link"))
    try file.write([UInt8(1)])
    try file.commit()
    #expect(try folder.bytes(of: "target") == [1])
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder.file("link")) == target)
  }

  @Test func longestPossibleNameWorks() throws {
    let folder = try TemporaryFolder()
    let name = String(repeating: "n", count: 255)
    try AtomicFile(path: folder.file(name)).commit()
    #expect(try folder.names == [name])
  }

  @Test func rejectsPathsThatAreNotFiles() throws {
    let folder = try TemporaryFolder()
    for path in [folder.path, folder.path + "/", "/dev/null", "", folder.file("missing/a")] {
      let error = #expect(throws: FileError.self) { try AtomicFile(path: path) }
      #expect(error?.description.hasPrefix("\(path): cannot be written: ") == true)
    }
    #expect(try folder.names.isEmpty)
  }

  @Test func readsAtAnyOffset() throws {
    let folder = try TemporaryFolder()
    let file = try RandomAccessFile(path: try folder.write([1, 2, 3, 4], to: "a"))
    #expect(file.size == 4)
    #expect(try file.bytes(offset: 1, count: 2) == [2, 3])
    #expect(try file.bytes(offset: 4, count: 0) == [])
    #expect(throws: FileError.cannotRead(path: folder.file("a"), reason: "it ends at byte 4")) {
      try file.bytes(offset: 3, count: 2)
    }
  }

  @Test func opensOnlyRegularFiles() throws {
    let folder = try TemporaryFolder()
    #expect(mkfifo(folder.file("pipe"), 0o600) == 0)
    for (path, reason) in [
      (folder.path, "it is a directory"), (folder.file("pipe"), "it is not a file"),
      (folder.file("missing"), "no such file or directory"),
    ] {
      #expect(throws: FileError.cannotRead(path: path, reason: reason)) { try RandomAccessFile(path: path) }
    }
  }

  @Test func theFirstOfSeveralGetsTheName() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a")
    let files = try (0..<3).map { _ in try AtomicFile(path: path, isShared: true) }
    for (index, file) in files.enumerated() { try file.write([UInt8(index)]) }
    #expect(try files.map { try $0.commitIfAbsent() } == [true, false, false])
    #expect(try folder.bytes(of: "a") == [0])
    withExtendedLifetime(files) {}
  }

  /// Locks of network file systems do not always reach other machines.
  @Test func hiddenFilesOfOtherMachinesStay() throws {
    let folder = try TemporaryFolder()
    let other = ".impasto-shared-another machine@1-0.part"
    try folder.write([1], to: other)
    let shared = try AtomicFile(path: folder.file("a"), isShared: true)
    let own = try #require(try folder.names.first { $0 != other })
    let place = try #require(own.lastIndex(of: "@"))
    let abandoned = own[...place] + "1-999999.part"
    try folder.write([1], to: String(abandoned))
    let another = try AtomicFile(path: folder.file("b"))
    #expect(try folder.names.contains(other) && folder.names.contains(String(abandoned)))
    try shared.commit()
    try another.commit()
    #expect(try folder.names == [String(abandoned), other, "a", "b"].sorted())
  }
}
