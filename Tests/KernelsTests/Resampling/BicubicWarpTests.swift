import Kernels
import TestSupport
import Tensors
import Testing

@Suite struct BicubicWarpTests {
  static let shapes: [(input: Shape, height: Int, width: Int)] = [
    (Shape(batch: 1, height: 1, width: 1, channels: 3), 2, 3),
    (Shape(batch: 2, height: 2, width: 9, channels: 1), 5, 4),
    (Shape(batch: 3, height: 11, width: 8, channels: 3), 11, 8),
    (Shape(batch: 1, height: 6, width: 7, channels: 9), 1, 1),
  ]

  /// Returns random positions, some beyond the border and some integers.
  private static func positions(_ shape: Shape, _ height: Int, _ width: Int, _ random: inout Random) -> ReferenceTensor
  {
    var positions = ReferenceTensor(
      random.tensor(
        Shape(batch: shape.batch, height: height, width: width, channels: 2),
        in: -3...Float(max(shape.height, shape.width)) + 2))
    for index in stride(from: 0, to: positions.elements.count, by: 5) { positions.elements[index].round() }
    return positions
  }

  private static func warp(_ input: [Float], _ shape: Shape, _ positions: ReferenceTensor) -> [Float] {
    let places = GuardedBuffer(positions.floats)
    defer { expectIntact(places) }
    let (height, width) = (positions.shape.height, positions.shape.width)
    return guarded(input, count: shape.batch * height * width * shape.channels) {
      BicubicWarp.forward(
        $0, positions: places.pointer, batch: shape.batch, height: shape.height, width: shape.width,
        channels: shape.channels, outputHeight: height, outputWidth: width, output: $1, pool: pool)
    }
  }

  @Test(arguments: shapes)
  func agreesWithReference(_ shape: Shape, height: Int, width: Int) {
    var random = Random(seed: 1)
    let input = ReferenceTensor(random.tensor(shape))
    let positions = Self.positions(shape, height, width, &random)
    let expected = Reference.warp(input, positions: positions)
    // A weight is a cubic of a position rounded to float: 1e-6 of a pixel at position 16.
    expectAgreement(Self.warp(input.floats, shape, positions), expected, within: 1e-5, "output")

    let gradient = ReferenceTensor(random.tensor(expected.shape))
    let (outer, places) = (GuardedBuffer(gradient.floats), GuardedBuffer(positions.floats))
    let target = GuardedBuffer(count: shape.count, filledWith: 0)
    BicubicWarp.backward(
      outer.pointer, positions: places.pointer, batch: shape.batch, height: shape.height, width: shape.width,
      channels: shape.channels, outputHeight: height, outputWidth: width, dInput: target.pointer, pool: pool)
    expectIntact(outer, places, target)
    expectAgreement(
      target.elements, Reference.warpBackward(gradient, positions: positions, shape: shape), within: 1e-5, "gradient")
  }

  @Test func integerPositionsCopyPixels() {
    let shape = Shape(batch: 1, height: 5, width: 6, channels: 3)
    var random = Random(seed: 2)
    let input = random.uniform(count: shape.count)
    var positions = ReferenceTensor(Shape(batch: 1, height: 5, width: 6, channels: 2))
    for y in 0..<5 {
      for x in 0..<6 { (positions[0, y, x, 0], positions[0, y, x, 1]) = (Double(x), Double(y)) }
    }
    #expect(Self.warp(input, shape, positions) == input)
  }

  @Test func linearRampsArePreserved() {
    // Keys' kernel reproduces quadratics: within the borders a ramp is preserved at any position.
    let shape = Shape(batch: 1, height: 8, width: 8, channels: 1)
    func ramp(_ x: Double, _ y: Double) -> Double { 3 * x + 5 * y }
    let image = (0..<64).map { Float(ramp(Double($0 % 8), Double($0 / 8))) }
    var positions = ReferenceTensor(Shape(batch: 1, height: 1, width: 3, channels: 2))
    positions.elements = [2.25, 3.5, 4.875, 1.0625, 3, 5.75]
    let expected = [ramp(2.25, 3.5), ramp(4.875, 1.0625), ramp(3, 5.75)]
    expectAgreement(
      Self.warp(image, shape, positions), ReferenceTensor(Shape([3]), elements: expected),
      within: Tolerance.singlePrecision, "ramp")
  }

  @Test func farPositionsDoNotTrap() {
    let shape = Shape(batch: 1, height: 2, width: 2, channels: 1)
    var positions = ReferenceTensor(Shape(batch: 1, height: 1, width: 2, channels: 2))
    positions.elements = [-1e30, 1e30, 1e30, -1e30]
    // Bottom left and top right.
    #expect(Self.warp([1, 2, 3, 4], shape, positions) == [3, 2])
  }
}
