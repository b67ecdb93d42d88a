import Files
import Foundation
import TestSupport
import Testing

struct PartFileTests {
  private func mode(of path: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    return (attributes[.posixPermissions] as? NSNumber)?.intValue ?? -1
  }

  @Test func removesOnlyWhatNoProcessOwns() throws {
    let folder = try TemporaryFolder()
    // The number of a process that exists: the lock decides, not the number.
    let abandoned = ".impasto-\(getpid())-1000000.part"
    try folder.write([1], to: abandoned)
    let owned = try folder.write([2], to: ".impasto-1-0.part")
    let owner = open(owned, O_RDWR)
    #expect(flock(owner, LOCK_EX) == 0)
    let others = [".impasto-1-0.pending", ".impasto.part.txt", "film.part"]
    for name in others { try folder.write([3], to: name) }
    try FileManager.default.createSymbolicLink(
      atPath: folder.file(".impasto-link.part"), withDestinationPath: folder.file("film.part"))

    let file = try AtomicFile(path: folder.file("a"))
    #expect(try !folder.names.contains(abandoned))
    #expect(try folder.names.contains(".impasto-1-0.part"))
    try file.commit()
    #expect(try folder.names == ([".impasto-1-0.part", ".impasto-link.part", "a"] + others).sorted())
    close(owner)
  }

  @Test(arguments: [0o600, 0o644, 0o755])
  func anExistingFileKeepsItsMode(mode: Int) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write([9], to: "a")
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    for syncs in [true, false] {
      let file = try AtomicFile(path: path)
      try file.write([UInt8(1)])
      try file.commit(syncs: syncs)
      #expect(try self.mode(of: path) == mode)
    }
    #expect(try folder.bytes(of: "a") == [1])
  }

  /// Only root can give a file to another user.
  @Test(.enabled(if: geteuid() == 0))
  func anExistingFileKeepsItsOwner() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write([9], to: "a")
    #expect(chown(path, 65534, 65533) == 0)
    try AtomicFile(path: path).commit()
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.ownerAccountID] as? NSNumber == 65534)
    #expect(attributes[.groupOwnerAccountID] as? NSNumber == 65533)
  }
}
