import Foundation
import FuzzTargets

/// libFuzzer's driver, which the toolchain has without a `main`.
@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
  _ count: UnsafeMutablePointer<Int32>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

private let targetName = ProcessInfo.processInfo.environment["TARGET"] ?? ""
/// A file in memory, because each input is written to it. It loses its name at once, so nothing stays behind.
private let descriptor: Int32 = {
  let name = "/impasto-fuzz-\(getpid())"
  defer { shm_unlink(name) }
  return shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0o600)
}()
nonisolated(unsafe) private var chosen: FuzzTarget?

/// Runs libFuzzer with the arguments of this process on the target that `TARGET` names.
public func fuzz(_ targets: [FuzzTarget]) -> Never {
  guard let target = targets.first(where: { $0.name == targetName }) else {
    let names = targets.map(\.name).joined(separator: ", ")
    FileHandle.standardError.write(Data("TARGET must be one of \(names)\n".utf8))
    exit(64)
  }
  chosen = target
  FuzzTarget.limitMemory()
  var count = CommandLine.argc
  var arguments = CommandLine.unsafeArgv
  exit(
    runFuzzer(&count, &arguments) { bytes, size in
      do {
        try chosen?.run(
          UnsafeRawBufferPointer(start: bytes, count: size), path: "/proc/self/fd/\(descriptor)")
        return 0
      } catch { fatalError("unexpected error: \(error)") }
    })
}
