import Tensors
import Testing

@Suite struct TensorTests {
  @Test func storageIsAlignedAndZeroed() {
    for extent in [0, 1, 3, 17, 1000] {
      let tensor = Tensor(Shape([extent]))
      #expect(Int(bitPattern: tensor.pointer) % 64 == 0)
      #expect(tensor.elements == [Float](repeating: 0, count: extent))
    }
  }

  @Test func shapeNamesItsExtents() {
    let shape = Shape(batch: 2, height: 3, width: 5, channels: 7)
    #expect(shape.count == 210)
    #expect([shape.batch, shape.height, shape.width, shape.channels] == shape.dimensions)
    #expect(shape.description == "[2, 3, 5, 7]")
    #expect(Shape([]).count == 1)
  }

  @Test func reshapedSharesAndCopyDoesNot() {
    let tensor = Tensor(Shape([2, 3]), elements: [1, 2, 3, 4, 5, 6])
    let seen = tensor.reshaped(Shape([3, 2]))
    let copied = tensor.copy()
    tensor.pointer[4] = 50
    #expect(seen.elements == [1, 2, 3, 4, 50, 6])
    #expect(copied.elements == [1, 2, 3, 4, 5, 6])
  }

  @Test func imagesAreCopiesOfPartsOfTheFirstAxis() {
    let tensor = Tensor(Shape([3, 1, 2, 1]), elements: [1, 2, 3, 4, 5, 6])
    let parts = [0..<1, 1..<3, 2..<2].map { tensor.images($0) }
    tensor.pointer[2] = 50
    #expect(parts.map(\.elements) == [[1, 2], [3, 4, 5, 6], []])
    #expect(parts[1].shape == Shape([2, 1, 2, 1]))
  }

  @Test func reshapedKeepsTheStorageAlive() {
    var tensor: Tensor? = Tensor(Shape([4]), elements: [1, 2, 3, 4])
    let seen = tensor?.reshaped(Shape([2, 2]))
    tensor = nil
    #expect(seen?.elements == [1, 2, 3, 4])
  }
}

@Suite struct TensorAllocatorTests {
  @Test func blocksAreReusedForTheSameSize() {
    let allocator = TensorAllocator()
    let first = address(of: Tensor(Shape([1000]), allocator: allocator))
    let other = Tensor(Shape([1001]), allocator: allocator)
    #expect(address(of: other) != first)
    #expect(address(of: Tensor(Shape([10, 100]), allocator: allocator)) == first)
  }

  @Test func blocksInUseAreNotHandedOut() {
    let allocator = TensorAllocator()
    let tensors = (0..<8).map { _ in Tensor(Shape([64]), allocator: allocator) }
    #expect(Set(tensors.map { address(of: $0) }).count == 8)
  }

  @Test func recycledTensorIsZeroedOnRequest() {
    let allocator = TensorAllocator()
    do {
      let tensor = Tensor(Shape([8]), allocator: allocator)
      withExtendedLifetime(tensor) { tensor.buffer.update(repeating: 3) }
    }
    #expect(Tensor(Shape([8]), allocator: allocator).elements == [Float](repeating: 0, count: 8))
  }

  @Test func tensorOutlivesTheNameOfItsAllocator() {
    var allocator: TensorAllocator? = TensorAllocator()
    let tensor = Tensor(Shape([16]), allocator: allocator)
    allocator?.trim()
    allocator = nil
    tensor.buffer.update(repeating: 2)
    #expect(tensor.elements.allSatisfy { $0 == 2 })
  }

  @Test("One scratch block serves all callers in turn and is as large as the largest request")
  func scratchIsShared() {
    let allocator = TensorAllocator()
    let large = address(of: .scratch(count: 5000, allocator: allocator))
    #expect(address(of: .scratch(count: 10, allocator: allocator)) == large)
    #expect(address(of: .scratch(count: 5000, allocator: allocator)) == large)
    // Two requests at a time need two blocks, of which the larger is kept.
    do {
      let first = Tensor.scratch(count: 10, allocator: allocator)
      let second = Tensor.scratch(count: 20, allocator: allocator)
      first.buffer.update(repeating: 1)
      second.buffer.update(repeating: 2)
      #expect(first.elements == [Float](repeating: 1, count: 10))
      #expect(second.elements == [Float](repeating: 2, count: 20))
    }
    #expect(address(of: .scratch(count: 4999, allocator: allocator)) == large)
  }

  @Test("Blocks with huge pages are usable to the last float")
  func largeBlocks() {
    for count in [1 << 20, (1 << 20) - 1, (1 << 20) + 1, 3 << 20] {
      let tensor = Tensor(Shape([count]))
      tensor.buffer.update(repeating: 1)
      tensor.pointer[count - 1] = 2
      #expect(tensor.buffer.reduce(into: Double(0)) { $0 += Double($1) } == Double(count + 1))
    }
  }

  private func address(of tensor: Tensor) -> Int {
    withExtendedLifetime(tensor) { Int(bitPattern: tensor.pointer) }
  }
}
