import Kernels

/// Enlarges and revises the draft on the canvas to the frame.
struct RevisionStep: PlanStep {
  let canvas: CanvasRequirements
  let revision: LoweredRevision

  /// Two convolutions on the frame's blocks of 2×2 pixels, in one pass; none if the revision is plain enlargement.
  var convolutions: [PlannedConvolution] {
    guard revision.channels > 0 else { return [] }
    return [("conv1", 8, revision.channels), ("conv2", revision.channels, 12)].map { layer, inputs, outputs in
      PlannedConvolution(
        layers: ["\(revision.layer).\(layer)"], algorithm: nil,
        geometry: ConvolutionGeometry(
          batch: 1, height: (canvas.revision.height + 1) / 2, width: (canvas.revision.width + 1) / 2,
          inputChannels: inputs, outputChannels: outputs, kernel: 3, padding: 1, paddingMode: .reflect))
    }
  }

  func scratchCount(threads: Int) -> Int { canvas.revision.scratchCount(threads: threads) }

  func bound(to binding: inout PlanBinding) throws -> BoundStep? {
    guard let memory = binding.memory.canvas else { return nil }
    let weight = try binding.weight(of: revision, for: canvas.revision)
    let name = "\(revision.layer) [\(canvas.revision.height), \(canvas.revision.width), 3]"
    return BoundStep(name: name) { [revision = canvas.revision] in
      revision.forward(
        luma: memory.luma(as: $0.frame), canvasLuma: memory.canvasLuma, draft: memory.draft, weight: weight,
        picture: $0.frameOutput, scratch: $0.scratch, pool: $0.pool)
    }
  }
}
