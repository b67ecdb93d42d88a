import Foundation
import Streaming

/// Numbers as Prometheus reads them (text format 0.0.4).
struct MetricsText {
  private(set) var text = ""

  /// One metric with its samples: labels and values.
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

  /// All numbers of a server.
  init(streams: [PaintedStream], counters: ServerCounters, training: TrainingQueue?) {
    let numbers = streams.map { ($0, $0.statistics, $0.output.counts) }
    func label(_ stream: PaintedStream) -> [(String, String)] { [("stream", stream.id)] }
    func all(_ name: String, _ kind: String, _ help: String, _ value: (PaintedStream) -> Double) {
      add(name, kind, help, streams.map { (label($0), value($0)) })
    }
    all("up", "gauge", "Whether the source sends frames.") { $0.condition.condition == .running ? 1 : 0 }
    add("frames_in_total", "counter", "Frames from the source.", numbers.map { (label($0.0), Double($0.1.framesIn)) })
    add("frames_out_total", "counter", "Painted frames.", numbers.map { (label($0.0), Double($0.1.framesOut)) })
    add(
      "frames_dropped_total", "counter", "Frames that a newer one overtook.",
      numbers.map { (label($0.0), Double($0.1.framesDropped)) })
    add("fps_in", "gauge", "Frames a second from the source.", numbers.map { (label($0.0), $0.1.fpsIn) })
    add("fps_out", "gauge", "Painted frames a second.", numbers.map { (label($0.0), $0.1.fpsOut) })
    add(
      "latency_seconds", "gauge", "From a source frame's arrival to its painted one, of the last seconds.",
      numbers.flatMap { stream, numbers, _ in
        [
          (label(stream) + [("quantile", "0.5")], numbers.latencyP50Ms / 1000),
          (label(stream) + [("quantile", "0.95")], numbers.latencyP95Ms / 1000),
        ]
      })
    add(
      "paint_seconds", "gauge", "One frame's painting, mean of the last seconds.",
      numbers.map { (label($0.0), $0.1.paintMs / 1000) })
    add(
      "work_pixels", "gauge", "Pixels of the pictures that the network paints.",
      numbers.map { (label($0.0), Double($0.1.workWidth * $0.1.workHeight)) })
    add(
      "canvas_pixels", "gauge", "Pixels of the canvas that they are painted on; the same where there is none.",
      numbers.map { stream, numbers, _ in
        let (width, height) = (numbers.canvasWidth ?? numbers.workWidth, numbers.canvasHeight ?? numbers.workHeight)
        return (label(stream), Double(width * height))
      })
    all("viewers", "gauge", "Open streams.") { Double($0.output.viewerCount) }
    add(
      "segments_total", "counter", "Pictures encoded for viewers.", numbers.map { (label($0.0), Double($0.2.segments)) }
    )
    add(
      "segments_skipped_total", "counter", "Pictures that slow viewers did not get.",
      numbers.map { (label($0.0), Double($0.2.lost)) })
    add("stream_bytes_total", "counter", "Bytes of streams sent.", [([], Double(counters.bytes))])
    add("camera_frames_total", "counter", "Frames taken from browsers' cameras.", [([], Double(counters.framesPosted))])
    add("viewers_ended_total", "counter", "Viewers sent away that did not read.", [([], Double(counters.viewersEnded))])
    add(
      "http_responses_total", "counter", "Answers by status.",
      counters.statuses.sorted { $0.key < $1.key }.map { ([("code", String($0.key))], Double($0.value)) })
    let open = training?.jobs.filter { $0.state == .running || $0.state == .waiting }.count ?? 0
    add("trainings", "gauge", "Trainings that run or wait.", [([], Double(open))])
    add("resident_bytes", "gauge", "Memory that the process holds.", [([], Self.residentBytes)])
  }

  private static var residentBytes: Double {
    let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    let pages = text.split(separator: " ").dropFirst().first.flatMap { Double($0) } ?? 0
    return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
  }
}
