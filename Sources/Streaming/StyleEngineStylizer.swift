import Inference

extension StyleEngine: FrameStylizer {}
