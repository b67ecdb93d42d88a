import Foundation
import TestSupport
import Testing

/// The library as other programs use it: in C through pkg-config, and in Python through ctypes.
@Suite struct ProgramTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path
  private static let compiler = BuiltProgram.onPath("cc")
  private static let packages = BuiltProgram.onPath("pkg-config")
  private static let python = BuiltProgram.onPath("python3")
  /// The library next to the running test bundle.
  private static let library: String? = {
    let bundle = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let path = bundle.map { ($0 as NSString).deletingLastPathComponent + "/libimpasto.so" }
    return path.flatMap { FileManager.default.fileExists(atPath: $0) ? $0 : nil }
  }()

  private let styles: StyleFolder
  private var folder: TemporaryFolder { styles.folder }

  init() throws { styles = try StyleFolder() }

  /// Lays the library out as `make install` does, and returns the folder with the file for pkg-config.
  private func install() throws -> String {
    let files = FileManager.default
    for name in ["include", "lib/pkgconfig"] {
      try files.createDirectory(atPath: folder.file("usr/\(name)"), withIntermediateDirectories: true)
    }
    let library = try #require(Self.library)
    for (link, target) in [
      ("include/impasto.h", "\(Self.root)/Sources/CImpasto/include/impasto.h"), ("lib/libimpasto.so", library),
      ("lib/pkgconfig/impasto.pc", "\(Self.root)/Sources/CInterface/impasto.pc"),
    ] {
      // Not a link: the file for pkg-config finds the others by its own place.
      try files.copyItem(atPath: target, toPath: folder.file("usr/\(link)"))
    }
    return folder.file("usr/lib/pkgconfig")
  }

  private func run(_ program: BuiltProgram?, _ arguments: [String], _ environment: [String: String] = [:]) throws
    -> BuiltProgram.Result
  {
    try #require(program).run(arguments, environment: environment, folder: folder.path)
  }

  @Test(
    "The example in C paints what the engine paints, and reports errors",
    .enabled(if: compiler != nil && packages != nil, "there is no C compiler or no pkg-config"))
  func example() throws {
    let path = try install()
    let flags = try run(Self.packages, ["--cflags", "--libs", "impasto"], ["PKG_CONFIG_PATH": path])
    #expect(flags.exitCode == 0, "\(flags.errors)")
    let build = try run(
      Self.compiler,
      ["-Wall", "-Wextra", "-Werror", "-o", "paint_ppm", "\(Self.root)/examples/paint_ppm.c"]
        + flags.output.split(whereSeparator: \.isWhitespace).map(String.init))
    #expect(build.exitCode == 0, "\(build.errors)")
    let program = BuiltProgram(path: folder.file("paint_ppm"))
    let environment = ["LD_LIBRARY_PATH": folder.file("usr/lib"), "IMPASTO_MODELS": folder.path]
    let picture = TestPicture(width: 60, height: 41)
    try folder.write(Array("P6\n# a comment\n60 41\n255\n".utf8) + picture.rgb, to: "in.ppm")
    let result = try program.run(["canvas", "in.ppm", "out.ppm"], environment: environment, folder: folder.path)
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(
      try folder.bytes(of: "out.ppm") == Array("P6\n60 41\n255\n".utf8) + styles.painted("canvas", picture))

    let refused = try program.run(["sunday", "in.ppm", "no.ppm"], environment: environment, folder: folder.path)
    #expect(refused.exitCode == 1 && refused.errors.contains("sunday: no such style file"), "\(refused.errors)")
    let unread = try program.run(["canvas", "none.ppm", "no.ppm"], environment: environment, folder: folder.path)
    #expect(unread.exitCode == 1 && unread.errors.contains("none.ppm"), "\(unread.errors)")
  }

  @Test("The Python package does what its tests say", .enabled(if: python != nil, "there is no python3"))
  func pythonPackage() throws {
    let result = try run(
      Self.python, ["\(Self.root)/Tests/CInterfaceTests/Python/test_impasto.py", "--verbose"],
      [
        "PYTHONPATH": "\(Self.root)/Python", "PYTHONDONTWRITEBYTECODE": "1", "IMPASTO_MODELS": folder.path,
        "IMPASTO_LIBRARY": try #require(Self.library), "IMPASTO_TEST_STYLE": "canvas",
      ])
    #expect(result.exitCode == 0, "\(result.errors)")
    // Visible where NumPy is missing.
    for line in result.errors.split(separator: "\n") where line.contains("skipped") { print(line) }
  }

  @Test("The example for pipes paints raw frames", .enabled(if: python != nil, "there is no python3"))
  func pipe() throws {
    let frames = (1...3).map { TestPicture(width: 32, height: 18, seed: $0) }
    try folder.write(frames.flatMap(\.rgb), to: "frames")
    let result = try run(
      BuiltProgram(path: "/bin/sh"),
      ["-c", "python3 \(Self.root)/examples/paint_frames.py 32x18 random <frames >painted"],
      [
        "PYTHONPATH": "\(Self.root)/Python", "PYTHONDONTWRITEBYTECODE": "1", "IMPASTO_MODELS": folder.path,
        "IMPASTO_LIBRARY": try #require(Self.library),
      ])
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(try folder.bytes(of: "painted") == frames.flatMap { try styles.painted("random", $0) })
  }

  @Test("The library exports the functions of its header and no others")
  func exports() throws {
    func names(_ file: String, _ pattern: Regex<(Substring, Substring)>) throws -> [String] {
      let text = try String(contentsOfFile: "\(Self.root)/Sources/\(file)", encoding: .utf8)
      return text.matches(of: pattern).map { String($0.output.1) }.sorted()
    }
    let declared = try names("CImpasto/include/impasto.h", /(?m)^(?:const char \*|impasto_status )(impasto_\w+)\(/)
    #expect(declared.count == 11)
    #expect(try names("CInterface/libimpasto.map", /(?m)^    (impasto_\w+);/) == declared)
  }
}
