import Foundation
import Networks
import TestSupport
import Testing

/// Tests `stylize-video` with raw frames: in pipes, and in a virtual camera.
@Suite(.enabled(if: MediaTools.areInstalled), .serialized)
struct RawFrameTests {
  private let tools: StreamTools
  private var folder: TemporaryFolder { tools.folder }
  private static let compiler = BuiltProgram.onPath("clang")

  init() throws {
    tools = try StreamTools()
    try tools.makeVideo()
  }

  /// The number of frames in the film, of 96×64 pixels.
  private static let frameCount = 25
  private static let fromRaw =
    "--input-format rawvideo --input-option video_size=96x64 --input-option pixel_format=rgb24 --input-option framerate=25"

  @Test func rawFramesGoThroughPipes() throws {
    let result = try tools.script(
      """
      ffmpeg -nostdin -v error -i in.mp4 -f rawvideo -pix_fmt rgb24 in.rgb
      cat in.rgb | $program - - $quick \(Self.fromRaw) --output-format rawvideo --pixel-format rgb24 >out.rgb
      cat in.rgb | $program - - $quick \(Self.fromRaw) --output-format rawvideo --pixel-format rgb24 --strength 0 >same.rgb
      """)
    #expect(result.exitCode == 0, "\(result.errors)")
    let source = try folder.bytes(of: "in.rgb")
    #expect(source.count == Self.frameCount * 96 * 64 * 3)
    let painted = try folder.bytes(of: "out.rgb")
    #expect(painted.count == source.count && painted != source)
    // RGB is neither converted nor compressed on its way.
    #expect(try folder.bytes(of: "same.rgb") == source)
  }

  /// v4l2loopback's module cannot be loaded everywhere. Here, a named pipe takes the place of its device, and a
  /// preloaded library answers the questions for the format.
  @Test(.enabled(if: compiler != nil, "there is no C compiler"))
  func framesGoToAVirtualCamera() throws {
    let source = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Faults/camera.c").path
    let compiled = try #require(Self.compiler).run(
      ["-shared", "-fPIC", "-O1", source, "-ldl", "-o", folder.file("camera.so")])
    try #require(compiled.exitCode == 0, "\(compiled.errors)")
    let result = try tools.script(
      """
      mkfifo video9
      export CAMERA_FILE="$PWD/video9" CAMERA_FORMAT="$PWD/format"
      cat video9 >frames & reader=$!
      LD_PRELOAD=./camera.so $program in.mp4 "$PWD/video9" --output-format v4l2 --no-live $quick </dev/null; echo $?
      wait $reader
      stylize in.mp4 - --output-format rawvideo >expected
      """)
    #expect(result.output == "0\n", "\(result.errors)")
    #expect(try String(decoding: folder.bytes(of: "format"), as: UTF8.self) == "96x64 YU12 9216")
    let frames = try folder.bytes(of: "frames")
    #expect(frames.count == Self.frameCount * 9216)
    #expect(try frames == folder.bytes(of: "expected"))
    #expect(result.errors.contains("audio stream 1 (aac) is omitted"), "\(result.errors)")
  }

  @Test func aMissingCameraIsAnError() throws {
    let result = try tools.script("stylize in.mp4 /dev/video987; echo $?")
    #expect(result.output == "1\n" && result.errors.contains("/dev/video987"), "\(result.errors)")
  }
}
