import Foundation
import FuzzTargets

/// libFuzzer's driver, which the toolchain has without a `main`.
@_silgen_name("LLVMFuzzerRunDriver")
func runFuzzer(
  _ count: UnsafeMutablePointer<Int32>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

guard let target = ProcessInfo.processInfo.environment["TARGET"].flatMap(FuzzTarget.init) else {
  let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
  FileHandle.standardError.write(Data("TARGET must be one of \(names)\n".utf8))
  exit(64)
}
let chosen = target
/// One file for each process, so that several can run at a time.
let path = "\(NSTemporaryDirectory())/impasto-fuzz-\(getpid())"

var count = CommandLine.argc
var arguments = CommandLine.unsafeArgv
exit(
  runFuzzer(&count, &arguments) { bytes, size in
    do {
      try chosen.run(UnsafeRawBufferPointer(start: bytes, count: size), path: path)
      return 0
    } catch { fatalError("unexpected error: \(error)") }
  })
