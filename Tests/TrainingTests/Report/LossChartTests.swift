import Foundation
import Testing
import Training

@Suite struct LossChartTests {
  private func curve(_ name: String, count: Int, _ value: (Int) -> Double) -> LossCurve {
    LossCurve(name: name, points: (1...count).map { .init(step: $0, value: value($0)) })
  }

  private let page = ReportPage(title: "", introduction: "", path: "a.html")

  @Test func longCurvesAreAveraged() {
    let curve = curve("total", count: 1000) { Double($0) }
    let short = curve.averaged(count: 10)
    #expect(short.points.count == 10)
    // The mean of 1…100 is 50.5, at a whole step.
    #expect(short.points[0] == .init(step: 50, value: 50.5))
    #expect(curve.averaged(count: 1000) == curve && curve.averaged(count: 5000) == curve)
    // The last point may be the mean of fewer.
    #expect(self.curve("a", count: 7) { _ in 3 }.averaged(count: 3).points.map(\.value) == [3, 3, 3])
  }

  /// Points stand where their values are: equal factors are equal distances.
  @Test func theAxisIsLogarithmic() throws {
    let chart = try #require(
      LossChart([curve("total", count: 3) { pow(10, Double(3 - $0)) }], mark: (step: 2, name: "revision")))
    let html = chart.html(on: page)
    let points = try #require(html.split(separator: "points=\"").dropFirst().first?.split(separator: "\"").first)
    let places = points.split(separator: " ").map { $0.split(separator: ",").compactMap { Double($0) } }
    #expect(places.count == 3)
    #expect(abs((places[1][0] - places[0][0]) - (places[2][0] - places[1][0])) < 0.11)
    #expect(abs((places[1][1] - places[0][1]) - (places[2][1] - places[1][1])) < 0.11)
    #expect(places[2][1] > places[0][1], "smaller values are lower")
    #expect(places.allSatisfy { (0...400).contains($0[0]) && (0...250).contains($0[1]) })
    for text in [">100<", ">10<", ">1<", ">revision<", "<details>", "role=\"img\""] {
      #expect(html.contains(text), "\(text)")
    }
  }

  @Test func whatCannotBeDrawnIsLeftOut() {
    #expect(LossChart([]) == nil)
    #expect(LossChart([curve("a", count: 1) { _ in 1 }]) == nil)
    #expect(LossChart([curve("a", count: 5) { _ in 0 }]) == nil)
    #expect(LossChart([curve("a", count: 5) { _ in .nan }]) == nil)
    // A flat curve has an axis, and a mark outside is none.
    let flat = LossChart([curve("a", count: 5) { _ in 4 }], mark: (step: 9, name: "later"))
    #expect(flat?.html(on: page).contains("later") == false)
    let html = flat?.html(on: page) ?? "nan"
    #expect(!html.contains("nan") && !html.contains("inf"))
  }

  @Test func curvesAreReadFromTheLog() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    let text = """
      iteration,total,content,style,total_variation,temporal,learning_rate
      1,10,4,5,1,0,0.001
      2,8,3,4,1,0,0.001
      3,broken
      """
    try text.write(toFile: folder, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let curves = LossCurve.read(log: folder)
    #expect(curves.map(\.name) == ["total", "content", "style", "tv"])
    #expect(curves[0].points == [.init(step: 1, value: 10), .init(step: 2, value: 8)])
    #expect(LossCurve.read(log: folder + "-none").isEmpty)
  }
}
