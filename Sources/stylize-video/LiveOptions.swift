import ArgumentParser
import Console
import FFmpeg
import Streaming

/// How a source is painted that does not wait.
struct LiveOptions: ParsableArguments {
  @Flag(
    inversion: .prefixedNo,
    help: "Paint the newest frame and drop late ones, with little delay. (default: for URLs and devices)")
  var live: Bool?

  @Option(help: "With --live: paint at a smaller size where the machine does not keep up.")
  var adapt = Switch.on

  @Option(
    help: ArgumentHelp(
      "With --live: how long to try to reach a source again that went away. (default: not at all)", valueName: "seconds"
    ),
    transform: ArgumentValues.number(in: 0...86_400))
  var reconnect: Double?

  @Option(
    help: ArgumentHelp("With --live: how long a source may send nothing.", valueName: "seconds"),
    transform: ArgumentValues.number(in: 0.1...86_400))
  var timeout = 10.0

  enum Switch: String, ExpressibleByArgument, CaseIterable { case on, off }

  func isLive(_ source: MediaSource) -> Bool { live ?? source.isLive }

  var reading: LiveReading {
    LiveReading(reconnect: reconnect.map { .seconds($0) }, timeout: .seconds(timeout))
  }
}
