import Foundation
import Streaming

/// Metrics in Prometheus's text format 0.0.4.
struct MetricsText {
  private(set) var text = ""

  /// Adds a metric with its samples, which consist of labels and a value.
  mutating func add(_ name: String, _ kind: String, _ help: String, _ samples: [([(String, String)], Double)]) {
    text += "# HELP impasto_\(name) \(help)\n# TYPE impasto_\(name) \(kind)\n"
    for (labels, value) in samples {
      let list = labels.map { "\($0.0)=\"\(Self.escaped($0.1))\"" }.joined(separator: ",")
      text += "impasto_\(name)\(list.isEmpty ? "" : "{\(list)}") \(Self.number(value))\n"
    }
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
  }

  private static func number(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value)
  }

  /// Creates the metrics of a server.
  init(streams: [PaintedStream], counters: ServerCounters, training: TrainingQueue?) {
    let numbers = streams.map { ($0, $0.statistics, $0.output.counts) }
    func label(_ stream: PaintedStream) -> [(String, String)] { [("stream", stream.id)] }
    func all(_ name: String, _ kind: String, _ help: String, _ value: (PaintedStream) -> Double) {
      add(name, kind, help, streams.map { (label($0), value($0)) })
    }
    all("up", "gauge", "1 while the source sends frames, 0 otherwise.") { $0.condition.condition == .running ? 1 : 0 }
    add(
      "frames_in_total", "counter", "Frames received from the source.",
      numbers.map { (label($0.0), Double($0.1.framesIn)) })
    add("frames_out_total", "counter", "Painted frames.", numbers.map { (label($0.0), Double($0.1.framesOut)) })
    add(
      "frames_dropped_total", "counter", "Frames dropped because a newer one arrived first.",
      numbers.map { (label($0.0), Double($0.1.framesDropped)) })
    add(
      "frames_unwatched_total", "counter", "Frames that were not painted because nobody watched.",
      numbers.map { (label($0.0), Double($0.1.framesUnwatched)) })
    add("fps_in", "gauge", "Frames per second from the source.", numbers.map { (label($0.0), $0.1.fpsIn) })
    add("fps_out", "gauge", "Painted frames per second.", numbers.map { (label($0.0), $0.1.fpsOut) })
    add(
      "latency_seconds", "gauge",
      "Latency from a source frame's arrival to its painted frame, over the last five seconds.",
      numbers.flatMap { stream, numbers, _ in
        [
          (label(stream) + [("quantile", "0.5")], numbers.latencyP50Ms / 1000),
          (label(stream) + [("quantile", "0.95")], numbers.latencyP95Ms / 1000),
        ]
      })
    add(
      "paint_seconds", "gauge", "Mean time to paint one frame, over the last five seconds.",
      numbers.map { (label($0.0), $0.1.paintMs / 1000) })
    add(
      "work_pixels", "gauge", "Pixels of the frames that the network paints.",
      numbers.map { (label($0.0), Double($0.1.workWidth * $0.1.workHeight)) })
    add(
      "canvas_pixels", "gauge", "Pixels of the canvas; the same as work_pixels if there is none.",
      numbers.map { stream, numbers, _ in
        let (width, height) = (numbers.canvasWidth ?? numbers.workWidth, numbers.canvasHeight ?? numbers.workHeight)
        return (label(stream), Double(width * height))
      })
    all("viewers", "gauge", "Connected viewers.") { Double($0.output.viewerCount) }
    all("viewers_light", "gauge", "Viewers whose connection is too slow for the full rendition.") {
      Double($0.output.lightViewerCount)
    }
    add(
      "segments_total", "counter", "Segments encoded for viewers.", numbers.map { (label($0.0), Double($0.2.segments)) }
    )
    add(
      "segments_skipped_total", "counter", "Segments that slow viewers missed.",
      numbers.map { (label($0.0), Double($0.2.lost)) })
    add("stream_bytes_total", "counter", "Bytes of video sent.", [([], Double(counters.bytes))])
    add(
      "camera_frames_total", "counter", "Frames received from browser cameras.", [([], Double(counters.framesPosted))])
    add(
      "viewers_ended_total", "counter", "Viewers disconnected because they stopped reading.",
      [([], Double(counters.viewersEnded))])
    add(
      "http_responses_total", "counter", "HTTP responses by status code.",
      counters.statuses.sorted { $0.key < $1.key }.map { ([("code", String($0.key))], Double($0.value)) })
    let open = training?.jobs.filter { $0.state == .running || $0.state == .waiting }.count ?? 0
    add("trainings", "gauge", "Running and waiting trainings.", [([], Double(open))])
    add("resident_bytes", "gauge", "Resident memory of the process.", [([], Self.residentBytes)])
  }

  private static var residentBytes: Double {
    let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    let pages = text.split(separator: " ").dropFirst().first.flatMap { Double($0) } ?? 0
    return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
  }
}
