import Kernels
import Tensors
import Threading

// Operations between a full-size frame and its canvas.

extension Tape {
  /// Resizes `input`, `[N, H, W, C]`, to `[N, height, width, C]` by area averaging. See ``AreaReduction``.
  package func areaReduced(_ input: Variable, height: Int, width: Int) -> Variable {
    let shape = input.value.shape
    let reduction = AreaReduction(height: shape.height, width: shape.width, outputHeight: height, outputWidth: width)
    let scratchCount = reduction.scratchCount(channels: shape.channels, threads: pool.threadCount)
    let output = uninitialized(Shape(batch: shape.batch, height: height, width: width, channels: shape.channels))
    withScratch(scratchCount) { scratch in
      reduction.forward(
        input.value.pointer, batch: shape.batch, channels: shape.channels, output: output.pointer, scratch: scratch,
        pool: pool)
    }
    return record(output, inputs: [input]) { [self] gradient in
      withScratch(scratchCount) { scratch in
        contribute(to: input) { target in
          reduction.backward(
            gradient.pointer, batch: shape.batch, channels: shape.channels, dInput: target, scratch: scratch, pool: pool
          )
        }
      }
    }
  }

  /// Halves the height and width of `input` by area averaging, which gives its next octave.
  package func halved(_ input: Variable) -> Variable {
    areaReduced(input, height: max(1, input.value.shape.height / 2), width: max(1, input.value.shape.width / 2))
  }

  /// Resizes `input` to `height` × `width` by bilinear interpolation. See ``BilinearEnlargement``.
  ///
  /// - Parameter step: Samples the result only at the centres of blocks of `step` × `step` pixels.
  /// - Returns: A variable of shape `[N, ⌈height/step⌉, ⌈width/step⌉, C]`.
  package func enlarged(_ input: Variable, height: Int, width: Int, step: Int = 1) -> Variable {
    let shape = input.value.shape
    return enlarged(
      input,
      BilinearEnlargement(
        height: shape.height, width: shape.width, outputHeight: height, outputWidth: width, step: step))
  }

  /// Doubles the height and width with bilinear interpolation, with aligned corners or half-pixel centres.
  package func upsampleLinear(_ input: Variable, alignsCorners: Bool) -> Variable {
    let shape = input.value.shape
    return enlarged(
      input,
      BilinearEnlargement(doublingHeight: shape.height, width: shape.width, alignsCorners: alignsCorners))
  }

  private func enlarged(_ input: Variable, _ enlargement: BilinearEnlargement) -> Variable {
    let shape = input.value.shape
    let scratchCount = enlargement.scratchCount(channels: shape.channels, threads: pool.threadCount)
    let output = uninitialized(
      Shape(
        batch: shape.batch, height: enlargement.outputRows, width: enlargement.outputColumns, channels: shape.channels))
    withScratch(scratchCount) { scratch in
      enlargement.forward(
        input.value.pointer, batch: shape.batch, channels: shape.channels, output: output.pointer, scratch: scratch,
        pool: pool)
    }
    return record(output, inputs: [input]) { [self] gradient in
      withScratch(scratchCount) { scratch in
        contribute(to: input) { target in
          enlargement.backward(
            gradient.pointer, batch: shape.batch, channels: shape.channels, dInput: target, scratch: scratch, pool: pool
          )
        }
      }
    }
  }

  /// Sharpens `draft`, `[N, h, w, C]`, for its enlargement to a frame of `height` × `width`. See ``DraftSharpening``.
  package func sharpened(_ draft: Variable, height: Int, width: Int) -> Variable {
    let shape = draft.value.shape
    let sharpening = DraftSharpening(width: shape.width, height: shape.height, frameWidth: width, frameHeight: height)
    func sharpened(_ input: Tensor) -> Tensor {
      let output = uninitialized(shape)
      sharpening.forward(
        input.pointer, batch: shape.batch, channels: shape.channels, output: output.pointer, pool: pool)
      return output
    }
    return record(sharpened(draft.value), inputs: [draft]) { [self] gradient in add(sharpened(gradient), to: draft) }
  }

  /// Gathers the input of a revision for each block of 2×2 pixels. See ``RevisionInput``.
  ///
  /// - Parameters:
  ///   - frame: The full-size frame, `[N, H, W, 3]`. It must not require a gradient.
  ///   - draft: The draft in the size of the canvas, `[N, h, w, 3]`.
  /// - Returns: A variable of shape `[N, ⌈H/2⌉, ⌈W/2⌉, 8]`.
  package func revisionInput(frame: Variable, draft: Variable) -> Variable {
    precondition(!frame.requiresGradient, "the frame must be a constant")
    let (shape, canvas) = (frame.value.shape, draft.value.shape)
    let luma = uninitialized(Shape(batch: shape.batch, height: shape.height, width: shape.width, channels: 1))
    RevisionInput.luma(frame.value.pointer, pixels: luma.count, output: luma.pointer, pool: pool)
    let frameLuma = Variable(luma)
    let canvasLuma = areaReduced(frameLuma, height: canvas.height, width: canvas.width)
    let enlargedLuma = enlarged(canvasLuma, height: shape.height, width: shape.width)
    let centredLuma = enlarged(canvasLuma, height: shape.height, width: shape.width, step: 2)
    let centred = enlarged(draft, height: shape.height, width: shape.width, step: 2)
    let blocks = centred.value.shape
    let output = uninitialized(
      Shape(batch: shape.batch, height: blocks.height, width: blocks.width, channels: RevisionInput.channels))
    RevisionInput.forward(
      luma: luma.pointer, enlargedLuma: enlargedLuma.value.pointer, draft: centred.value.pointer,
      canvasLuma: centredLuma.value.pointer, batch: shape.batch, height: shape.height, width: shape.width,
      output: output.pointer, pool: pool)
    return record(output, inputs: [centred]) { [self] gradient in
      contribute(to: centred) { target in
        RevisionInput.backward(gradient.pointer, blocks: blocks.batch * blocks.height * blocks.width, dDraft: target)
      }
    }
  }

  /// Computes `base + scale · blocks` after shuffling `blocks` to pixels.
  ///
  /// See ``RevisionInput/addBlocks(_:scale:to:batch:height:width:output:pool:)``.
  ///
  /// - Parameters:
  ///   - base: A picture, `[N, H, W, 3]`.
  ///   - blocks: The 12 values of each block of 2×2 pixels, `[N, ⌈H/2⌉, ⌈W/2⌉, 12]`.
  package func addingBlocks(_ base: Variable, _ blocks: Variable, scale: Float) -> Variable {
    let shape = base.value.shape
    let expected = Shape(batch: shape.batch, height: (shape.height + 1) / 2, width: (shape.width + 1) / 2, channels: 12)
    precondition(
      shape.channels == 3 && blocks.value.shape == expected, "blocks of shape \(blocks.value.shape) for \(shape)")
    let output = uninitialized(shape)
    RevisionInput.addBlocks(
      blocks.value.pointer, scale: scale, to: base.value.pointer, batch: shape.batch, height: shape.height,
      width: shape.width, output: output.pointer, pool: pool)
    return record(output, inputs: [base, blocks]) { [self] gradient in
      if blocks.requiresGradient {
        contribute(to: blocks) { target in
          RevisionInput.addBlocksBackward(
            gradient.pointer, scale: scale, batch: shape.batch, height: shape.height, width: shape.width,
            dResidual: target, pool: pool)
        }
      }
      if base.requiresGradient { add(gradient, to: base) }
    }
  }
}
