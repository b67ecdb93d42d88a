import ArgumentParser
import Console
import FFmpeg
import Streaming

/// The options for live sources.
struct LiveOptions: ParsableArguments {
  @Flag(
    inversion: .prefixedNo,
    help: """
      Paint the newest frame and drop late ones, for low latency. (default: on for URLs and devices, and for a device as \
      the output)
      """)
  var live: Bool?

  @Option(help: "With --live: paint at a smaller size or with larger strokes while the machine cannot keep up.")
  var adapt = Switch.on

  @Option(
    help: ArgumentHelp(
      "With --live: how long to try to reconnect to a lost source. (default: do not reconnect)", valueName: "seconds"
    ),
    transform: ArgumentValues.number(in: 0...86_400))
  var reconnect: Double?

  @Option(
    help: ArgumentHelp(
      "With --live: how long a source that has begun may be silent before it is lost.", valueName: "seconds"),
    transform: ArgumentValues.number(in: 0.1...86_400))
  var timeout = 10.0

  enum Switch: String, ExpressibleByArgument, CaseIterable { case on, off }

  func isLive(_ source: MediaSource, to target: MediaTarget) -> Bool {
    live ?? (source.isLive || target.kind == .device)
  }

  var reading: LiveReading {
    LiveReading(reconnect: reconnect.map { .seconds($0) }, timeout: .seconds(timeout))
  }
}
