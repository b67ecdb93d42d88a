import Autograd
import FeatureInspection
import Imaging
import Kernels
import TestSupport
import Tensors
import Testing
import Threading
import Training

/// What is found with the real VGG-16, on small pictures.
@Suite(.enabled(if: ExternalData.vgg16 != nil, "the VGG-16 weights are not on this machine"))
struct RecognitionTests {
  private let extractor: VGG16
  private let pool = ComputePool(threads: 2)
  private let photo = Picture(tensor: syntheticImage(width: 109, height: 83, seed: 1))

  init() throws { extractor = try VGG16(path: try #require(ExternalData.vgg16)) }

  private func features(of picture: Picture, _ layer: VGG16Activation) -> Tensor {
    var result = Tensor(Shape([0]))
    extractor.forEachActivation(
      of: Variable(picture.tensor()), upTo: layer, on: Tape(pool: pool, allocator: TensorAllocator())
    ) { if $0 == layer { result = $1.value.copy() } }
    return result
  }

  @Test func strongestChannelsHaveTheLargestMeans() throws {
    let responses = LayerResponse.all(of: photo, name: "photo", count: 3, extractor: extractor, pool: pool)
    #expect(responses.map(\.layer) == VGG16Activation.all)
    for response in responses {
      let features = features(of: photo, response.layer)
      let means = (0..<response.layer.channels).map { FeatureMap(features, channel: $0).mean }
      #expect(response.channels.map(\.channel.index).count == 3)
      #expect(response.channels.map(\.mean) == means.sorted(by: >).prefix(3).map { $0 }, "\(response.layer)")
      for channel in response.channels {
        #expect(channel.map == FeatureMap(features, channel: channel.channel.index))
        #expect(channel.strongest.value == channel.map.strongest.value)
      }
    }
  }

  /// Every pixel of a patch's crop that matters is there: the neuron has the same value, up to the rounding of
  /// transforms whose tiles lie elsewhere. And what is sent back through the crop is what the whole picture gets.
  @Test(arguments: ["relu1_2", "relu2_2", "relu3_3", "relu4_1"], RectifierGradient.allCases)
  func aCropIsEnoughForItsNeuron(name: String, rule: RectifierGradient) throws {
    let layer = try #require(VGG16Activation(name: name))
    let features = features(of: photo, layer)
    let projection = UnitProjection(extractor: extractor, rectifier: rule, pool: pool)
    for (index, place) in [(3, (0, 0)), (9, (features.shape.height - 1, features.shape.width - 1)), (5, (4, 6))] {
      let (row, column) = place
      let value = features.buffer[(row * features.shape.width + column) * layer.channels + index]
      let channel = try FeatureChannel("\(layer.name):\(index)")
      let patch = UnitPatch(channel: channel, value: value, row: row, column: column, of: photo, source: "photo")
      let found = projection.values(of: patch)
      let largest = features.buffer.max() ?? 0
      #expect(abs(found.value - value) <= 1e-4 * largest, "\(found.value) instead of \(value)")

      let tape = Tape(pool: pool, allocator: TensorAllocator())
      let image = Variable(photo.tensor(), requiresGradient: true)
      extractor.forEachActivation(of: image, upTo: layer, rectifier: rule, on: tape) { reached, features in
        guard reached == layer else { return }
        let seed = Tensor(features.value.shape)
        seed.buffer[(row * seed.shape.width + column) * layer.channels + index] = value
        tape.seed(features, gradient: seed)
      }
      tape.backward()
      let whole = try #require(image.gradient)
      #expect(patch.picture.width == patch.columns.count && patch.picture.height == patch.rows.count)
      var (difference, magnitude): (Float, Float) = (0, 0)
      for y in 0..<photo.height {
        for x in 0..<photo.width {
          for colour in 0..<3 {
            let expected = whole.buffer[3 * (y * photo.width + x) + colour]
            magnitude = max(magnitude, abs(expected))
            let isInside = patch.rows.contains(y) && patch.columns.contains(x)
            let offset = ((y - patch.rows.lowerBound) * patch.columns.count + x - patch.columns.lowerBound) * 3 + colour
            difference = max(difference, abs(expected - (isInside ? found.pixels.buffer[offset] : 0)))
          }
        }
      }
      // A value near 0 on the way may fall on the other side in another tile, so single paths can differ.
      #expect(difference <= 2e-2 * magnitude, "\(layer) \(rule) at \(place): \(difference) of \(magnitude)")
    }
  }

  @Test func onlyTheStrongestPatchesAreKept() throws {
    let channel = try FeatureChannel("relu2_2:11")
    let pictures = (0..<7).map { Picture(tensor: syntheticImage(width: 40 + $0, height: 30, seed: UInt32($0))) }
    let search = StrongestPatches(extractor: extractor, channels: [channel], count: 4, pool: pool)
    for (index, picture) in pictures.enumerated() { search.add(picture, name: "\(index)") }
    // The same picture again comes behind the first one.
    search.add(pictures[0], name: "again")
    let values = pictures.enumerated().map { index, picture in
      (name: "\(index)", value: FeatureMap(features(of: picture, channel.layer), channel: 11).strongest.value)
    }
    var expected = values + [(name: "again", value: values[0].value)]
    expected.sort { $0.value > $1.value }
    let found = search.patches(of: channel)
    #expect(found.map(\.value) == expected.prefix(4).map(\.value))
    for patch in found {
      #expect(values.contains { $0.value == patch.value && ($0.name == patch.source || patch.source == "again") })
      #expect(patch.rows.count <= 14 && patch.columns.count <= 14)
    }
    let (first, again) = (found.firstIndex { $0.source == "0" }, found.firstIndex { $0.source == "again" })
    if let first, let again { #expect(first < again) }
  }

  @Test func theBestPictureExcitesItsChannelAndIsReproducible() throws {
    let channel = try FeatureChannel("relu2_1:7")
    var search = ChannelMaximization(extractor: extractor, pool: pool)
    (search.size, search.steps) = (48, 30)
    var means: [Float] = []
    let picture = search.picture(of: channel) { means.append($1) }
    #expect(picture.width == 48 && picture.height == 48 && means.count == 30)
    let reached = FeatureMap(features(of: picture, channel.layer), channel: 7).mean
    let photo = FeatureMap(features(of: photo.croppedToCenter(width: 48, height: 48), channel.layer), channel: 7).mean
    #expect(reached > 2 * max(photo, means.prefix(1).max() ?? 0), "\(reached), a photo \(photo)")
    #expect(search.picture(of: channel) { _, _ in } == picture)
    let other = ComputePool(threads: 1)
    var sequential = ChannelMaximization(extractor: extractor, pool: other)
    (sequential.size, sequential.steps) = (48, 30)
    #expect(sequential.picture(of: channel) { _, _ in } == picture, "the number of threads does not matter")
    search.seed = 2
    #expect(search.picture(of: channel) { _, _ in } != picture)
  }

  @Test(arguments: FeatureReconstruction.Target.allCases)
  func reconstructionsComeClose(_ target: FeatureReconstruction.Target) throws {
    let layer = try #require(VGG16Activation(name: "relu2_1"))
    let source = photo.croppedToCenter(width: 40, height: 32)
    var search = FeatureReconstruction(extractor: extractor, pool: pool)
    search.steps = 40
    var losses: [Double] = []
    let result = search.picture(of: source, target, at: layer) { losses.append($1) }
    #expect(result.width == 40 && result.height == 32 && losses.count == 40)
    #expect(try #require(losses.last) < 0.2 * (try #require(losses.first)), "\(losses)")
    #expect(search.picture(of: source, target, at: layer) { _, _ in } == result)
  }

  @Test func anErrorOfTheProgressEndsTheSearch() throws {
    struct Stopped: Error {}
    var search = ChannelMaximization(extractor: extractor, pool: pool)
    search.size = 32
    #expect(throws: Stopped.self) {
      try search.picture(of: try FeatureChannel("relu1_1:0")) { step, _ in if step == 3 { throw Stopped() } }
    }
  }
}
