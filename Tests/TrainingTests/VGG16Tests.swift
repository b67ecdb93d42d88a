import Safetensors
import Tensors
import TestSupport
import Testing
import Training

@Suite struct VGG16Tests {
  @Test func aFileWithOtherTensorsIsRefused() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("other.safetensors")
    try SafetensorsWriter.write(tensors: [("a", Tensor(Shape([3])))], metadata: [:], to: path)
    #expect {
      _ = try VGG16(path: path)
    } throws: { error in
      guard case TrainingError.invalidExtractor(let file, let found, _) = error else { return false }
      return file == path && found.contains("conv1_1.weight")
    }
  }

  @Test func aTensorOfWrongShapeIsRefusedAndNamed() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("other.safetensors")
    try SafetensorsWriter.write(
      tensors: [("conv1_1.weight", Tensor(Shape([64, 3, 5, 5])))], metadata: [:], to: path)
    #expect {
      _ = try VGG16(path: path)
    } throws: { error in
      "\(error)".contains("conv1_1.weight") && "\(error)".contains("[64, 3, 3, 3]")
    }
  }
}
