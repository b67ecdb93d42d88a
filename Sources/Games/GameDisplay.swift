import Foundation

/// A display of its own, without a monitor: a running Xvfb. Only programs of this user that know its cookie can use it.
package final class GameDisplay: Sendable {
  /// The length of a cookie in bytes.
  static let cookieLength = 16
  private static let patience = 20.0

  /// The name, such as `:7`.
  package let name: String
  /// The path of the file with the cookie, for programs that connect.
  package var authorityFile: String { folder.file(Self.authority) }
  /// The secret that clients of the display must know.
  package let cookie: [UInt8]

  private static let authority = "authority"
  private static let log = "display.log"
  private let program: SupervisedProgram
  private let folder: PrivateFolder

  /// Starts a display with a number that is free and waits until it is ready.
  ///
  /// - Throws: ``GameError``.
  package init(width: Int, height: Int) throws(GameError) {
    let server = try ProgramPath.find("Xvfb", package: "xvfb")
    var random = SystemRandomNumberGenerator()
    let cookie = (0..<Self.cookieLength).map { _ in UInt8.random(in: 0...255, using: &random) }
    let folder = try PrivateFolder()
    try folder.write(Self.authorityEntry(cookie), to: Self.authority)
    let program = try SupervisedProgram(
      [
        server, "-displayfd", "3", "-screen", "0", "\(width)x\(height)x24", "-nolisten", "tcp", "-noreset", "-auth",
        folder.file(Self.authority),
      ],
      environment: ["PATH": ProgramPath.folders, "HOME": folder.path, "TMPDIR": folder.path],
      output: .file(folder.file(Self.log)), removing: folder.path)
    guard let number = program.answer(within: Self.patience), !number.isEmpty, number.allSatisfy(\.isNumber) else {
      program.stop()
      throw .notReady(name: "Xvfb", remark: folder.lastLine(of: Self.log))
    }
    name = ":\(number)"
    self.cookie = cookie
    self.program = program
    self.folder = folder
  }

  /// Whether the display is gone.
  package var hasEnded: Bool { program.end != nil }

  /// Ends the display and all programs that use it.
  package func stop() { program.stop() }

  /// Returns an entry of an Xauthority file (see Xsecurity(7) and libXau) for any display of any address.
  static func authorityEntry(_ cookie: [UInt8]) -> [UInt8] {
    func counted(_ bytes: some Collection<UInt8>) -> [UInt8] {
      [UInt8(bytes.count >> 8), UInt8(bytes.count & 255)] + bytes
    }
    let anyFamily: [UInt8] = [0xFF, 0xFF]
    return anyFamily + counted([]) + counted([]) + counted("MIT-MAGIC-COOKIE-1".utf8) + counted(cookie)
  }
}
