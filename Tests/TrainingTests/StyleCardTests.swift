import Foundation
import Networks
import TestSupport
import Testing
import Training

@Suite struct StyleCardTests {
  private static let models = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../models").standardizedFileURL.path
  private static let shipped = StyleFiles.names(in: models).sorted().map { StyleFiles(name: $0, folder: models) }

  private func card() throws -> StyleCard {
    try StyleCard(path: StyleFiles(name: "starry", folder: Self.models).card)
  }

  /// The row of a card's table that is called `name`, without its ends.
  private func row(_ name: String, of card: StyleCard) -> String? {
    let start = "| \(name) | "
    return card.markdown.split(separator: "\n").first { $0.hasPrefix(start) }
      .map { String($0.dropFirst(start.count).dropLast(2)) }
  }

  private func likeness(_ form: Double) -> Likeness {
    Likeness(fine: 80, stroke: 70.25, form: form, content: 0.6125, contrast: 0.5, chroma: 1.25, highFrequency: 2)
  }

  private var temporalStability: TemporalReport {
    var report = TemporalReport.mean([])
    let parts: [WritableKeyPath<TemporalReport, TemporalMeasurement>] = [
      \.pan, \.subpixel, \.zoom, \.rotation, \.warping, \.still,
    ]
    for (index, part) in parts.enumerated() {
      report[keyPath: part].output = Double(index + 1)
      report[keyPath: part].input = Double(index + 1) / 2
    }
    return report
  }

  private func evaluation(list: String?, temporalStability: TemporalReport?) -> StyleCard.Evaluation {
    var losses = LossParts()
    losses.add(1234.4, to: LossName(.content))
    losses.add(5.25, to: LossName(.totalVariation))
    losses.add(100, to: .layer(.relu1_2))
    losses.add(1000, to: .layer(.relu3_3))
    return StyleCard.Evaluation(
      photos: .init(count: 50, list: list), size: 256, styleSize: 0, objective: LossWeights(objective: .johnson),
      losses: losses, temporalStability: temporalStability)
  }

  // MARK: The project's styles

  @Test(arguments: shipped)
  func theCardForPeopleIsWhatTheJSONGives(files: StyleFiles) throws {
    let card = try StyleCard(path: files.card)
    #expect(card.style == files.name)
    let text = try String(contentsOfFile: files.cardText, encoding: .utf8)
    #expect(card.markdown == text, "\(files.cardText): 'make gallery' writes it")
    #expect(
      try card.json() == FileManager.default.contents(atPath: files.card), "\(files.card): written by another program")
    #expect(card.credits?.painting != nil && card.credits?.picture != nil, "\(files.card): whose works are they?")
  }

  @Test func everyCardHasItsModel() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: Self.models)
    let cards = names.filter { $0.hasSuffix(".json") }.map { StyleFiles(card: "\(Self.models)/\($0)").name }
    #expect(cards.sorted() == Self.shipped.map(\.name) && !cards.isEmpty)
  }

  // MARK: The text

  @Test func whatIsNotKnownHasNoRow() throws {
    var card = try card()
    (card.painting.noise, card.training.start, card.training.blotches) = (nil, nil, nil)
    (card.storage, card.evaluation, card.likeness, card.notes, card.credits) = (nil, nil, nil, nil, nil)
    let rows = card.markdown.split(separator: "\n").dropFirst(3).compactMap { $0.split(separator: "|").first }
    #expect(
      rows.map { $0.trimmingCharacters(in: .whitespaces) } == [
        "painting", "network", "photos", "training", "loss weights", "loss scaling", "training loss", "time", "date",
      ])
    #expect(card.markdown.hasPrefix("# starry\n\n| | |\n|---|---|\n| painting | `") && card.markdown.hasSuffix(" |\n"))
  }

  @Test func theTrainingIsToldInWords() throws {
    var card = try card()
    card.painting.size = 0
    (card.training.draftIterations, card.training.revisionIterations) = (0, 300)
    (card.training.batchSize, card.training.recoveries, card.training.risingIterations) = (4, 1, 0)
    card.training.optimizers = [.init(name: "Adam", learningRate: 0.0005)]
    #expect(
      row("training", of: card)
        == "the base's draft, then 300 of the revision on crops of films, painting at its own size, Adam at 0.0005, falling to a "
        + "twentieth over the second half, seed 1, lowered 1 time on trouble")
    #expect(row("training loss", of: card)?.hasSuffix("mean of the last 100 steps") == true)
    (card.training.draftIterations, card.training.revisionIterations) = (20, 0)
    #expect(
      row("training", of: card)?.hasPrefix("20 iterations of 4 crops of 256×256, painting at its own size") == true)
    card.training.start = .init(baseSHA256: nil, teacherSHA256: "abc")
    #expect(
      row("start", of: card)
        == "random values, then a quarter of the draft's steps on the pictures of the model of SHA-256 `abc`")
  }

  @Test func theEvaluationTellsWhatWasMeasuredOnWhat() throws {
    var card = try card()
    card.evaluation = evaluation(list: "held_out.txt", temporalStability: temporalStability)
    #expect(
      row("evaluation", of: card) == """
        total 2340: content 1234, style 1100 (relu1_2 100, relu2_2 0.000, relu3_3 1000, relu4_3 0.000), total variation 5.250; mean of \
        50 photos of `held_out.txt` of 256×256, objective johnson, content 1.0, style 5.0, total variation 1e-06, painting at its own size
        """)
    #expect(card.evaluation?.losses.parts == [:])
    #expect(
      row("warping error", of: card)
        == "5.00 of 255 (the photos' own 2.50): pan 1.00 (0.50), pan below a pixel 2.00 (1.00), zoom 3.00 (1.50), "
        + "rotation 4.00 (2.00)")
    #expect(row("noisy still", of: card) == "deviation 6.00 of 255 (the photos' own 3.00)")

    card.evaluation = evaluation(list: nil, temporalStability: nil)
    #expect(row("evaluation", of: card)?.contains("mean of 50 photos of 256×256") == true)
    #expect(row("warping error", of: card) == nil && row("noisy still", of: card) == nil, "those were of another run")
  }

  @Test func likenessIsThatOf720LinesBesideTheSpread() throws {
    var card = try card()
    card.likeness = .init(
      photos: .init(count: 50, list: "held_out.txt"),
      sizes: [(360, 50), (720, 20), (1080, 35)].map { .init(lines: $0.0, mean: likeness($0.1)) })
    #expect(
      row("likeness", of: card) == """
        56.8: fine 80.0, stroke 70.2, form 20.0; content 0.613, contrast 0.50, chroma 1.25, grain 2.00; mean of 50 photos of \
        `held_out.txt` at 720 lines
        """)
    #expect(row("likeness over sizes", of: card) == "spread 10.0: 360 lines 66.8, 720 lines 56.8, 1080 lines 61.8")

    card.likeness = .init(photos: .init(count: 1, list: nil), sizes: [.init(lines: 480, mean: likeness(-10))])
    #expect(
      row("likeness", of: card)?.hasSuffix(
        "form -10.0; content 0.613, contrast 0.50, chroma 1.25, grain 2.00; mean of 1 photo at 480 lines") == true)
    #expect(row("likeness over sizes", of: card) == nil)
  }

  @Test func theMeanOfLikenessesIsPartByPart() {
    let mean = Likeness.mean([likeness(50), likeness(20)])
    #expect(mean.form == 35 && mean.fine == 80 && mean.content == 0.6125)
    #expect(mean.likeness == 61.75)
    #expect(Likeness.mean([]).likeness == 0)
  }

  @Test func notesAndCreditsFollowTheTable() throws {
    var card = try card()
    card.notes = ["One.", "Two."]
    card.credits = StyleCredits(
      painting: .init(painter: "P", title: "T", year: "about 1831", licence: "CC BY 4.0"),
      picture: .init(work: "F", holder: "H", licence: "CC BY 3.0"), photos: .init(source: "S", licence: "CC0"))
    #expect(
      card.markdown.hasSuffix(
        " |\n\nOne.\n\nTwo.\n\nThe photographs (S) are not part of this project and are under CC0. The painting is under CC BY 4.0: "
          + "P, *T*, about 1831. `starry.jpg` shows a frame of *F* (© H, CC BY 3.0) before and after.\n"))
    card.credits = StyleCredits(painting: .init(painter: "P", title: "T", year: "1831", licence: "public domain"))
    #expect(card.markdown.hasSuffix("\n\nThe painting is in the public domain: P, *T*, 1831.\n"))
  }

  @Test func aCellStaysInItsRow() throws {
    var card = try card()
    card.painting.file = "a|b\nc.jpg"
    #expect(row("painting", of: card)?.hasPrefix("`a\\|b c.jpg`, SHA-256 `") == true)
  }

  @Test func aLossWithANameOfItsOwnStandsBesideTheLayers() throws {
    var losses = LossParts()
    losses.add(0.5, to: LossName(.style, "palette"))
    losses.add(0.25, to: .layer(.relu2_2))
    losses.add(2, to: LossName(.content))
    losses.add(0.125, to: LossName(.temporal))
    var card = try card()
    card.training.losses = StyleCard.Losses(losses)
    #expect(
      row("training loss", of: card)?.hasPrefix(
        "total 2.875: content 2.000, style 0.750 (relu1_2 0.000, relu2_2 0.250, relu3_3 0.000, relu4_3 0.000, palette 0.500), "
          + "total variation 0.000, temporal 0.125; mean of the last 100 steps") == true)
    let object = try #require(try JSONSerialization.jsonObject(with: card.json()) as? [String: Any])
    let stored = try #require((object["training"] as? [String: Any])?["losses"] as? [String: Any])
    #expect(
      Set(stored.keys) == [
        "total", "content", "style", "styleLayers", "palette", "totalVariation", "temporal",
      ])
    #expect(stored["palette"] as? Double == 0.5)
    #expect(try JSONDecoder().decode(StyleCard.self, from: card.json()) == card)
  }

  // MARK: The file

  @Test func aCardIsReadAsItWasWritten() throws {
    let folder = try TemporaryFolder()
    var card = try card()
    card.evaluation = evaluation(list: nil, temporalStability: temporalStability)
    let files = StyleFiles(name: "other", folder: folder.path)
    try card.write(to: files)
    #expect(try StyleCard(path: files.card) == card)
    #expect(try String(contentsOfFile: files.cardText, encoding: .utf8) == card.markdown)
    #expect(try folder.names.sorted() == ["other.json", "other.md"])

    card.training.seconds = .infinity
    #expect(throws: TrainingError.invalidCard(file: files.card, found: "a number that is not finite")) {
      try card.write(to: files)
    }
  }

  @Test func whatIsNoCardIsToldInOneSentence() throws {
    let folder = try TemporaryFolder()
    let whole = try #require(try JSONSerialization.jsonObject(with: card().json()) as? [String: Any])
    func changed(_ change: (inout [String: Any]) -> Void) throws -> String {
      var object = whole
      change(&object)
      return String(decoding: try JSONSerialization.data(withJSONObject: object), as: UTF8.self)
    }
    let painting = try #require(whole["painting"] as? [String: Any])
    let cases: [(text: String, found: String)] = [
      ("", "no JSON object"), ("# starry\n\n| | |\n|---|---|\n", "no JSON object"), ("[1]", "no JSON object"),
      ("{}", "no formatVersion"), (#"{"painting":"a.jpg"}"#, "no formatVersion"),
      (#"{"formatVersion":"one"}"#, "a value of another kind in formatVersion"),
      (try changed { $0["formatVersion"] = 2 }, "format version 2"),
      (try changed { $0["network"] = nil }, "no network"),
      (
        try changed { $0["painting"] = painting.merging(["sha256": 7]) { $1 } },
        "a value of another kind in painting.sha256"
      ),
      (try changed { $0["painting"] = painting.filter { $0.key != "file" } }, "no painting.file"),
      (
        try changed { $0["storage"] = ["precision": "double", "pictures": 1] as [String: Any] },
        "an unknown value in storage.precision"
      ),
      (
        try changed { $0["likeness"] = ["photos": ["count": 1], "sizes": [["lines": 1]]] as [String: Any] },
        "no likeness.sizes[0].mean"
      ),
    ]
    for (text, found) in cases {
      let path = folder.file("x.json")
      try folder.write(Array(text.utf8), to: "x.json")
      let error = try #require(throws: TrainingError.self) { try StyleCard(path: path) }
      #expect(error == .invalidCard(file: path, found: found), "\(error)")
      #expect(
        "\(error)" == "\(path): not a style's card: found \(found), expected format version 1 as train-style writes it")
    }
    #expect(throws: TrainingError.invalidCard(file: folder.file("none.json"), found: "a file that cannot be read")) {
      try StyleCard(path: folder.file("none.json"))
    }
  }
}
