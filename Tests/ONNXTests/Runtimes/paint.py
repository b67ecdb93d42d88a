#!/usr/bin/env python3
"""Paints a picture with other runtimes.

    paint.py FILE.onnx WIDTH HEIGHT INPUT.f32 OUTPUT.f32 RUNTIME

Pictures are float32 [3][HEIGHT][WIDTH]. RUNTIME is onnxruntime or openvino.
"""

import sys

import numpy


def onnxruntime_result(path, picture):
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: picture})[0]


def openvino_result(path, picture):
    import openvino

    model = openvino.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return model(picture)[model.output(0)]


def main():
    path, width, height, source, target, runtime = sys.argv[1:]
    picture = numpy.fromfile(source, "<f4").reshape(1, 3, int(height), int(width))
    result = {"onnxruntime": onnxruntime_result, "openvino": openvino_result}[runtime](path, picture)
    numpy.ascontiguousarray(result[0], "<f4").tofile(target)


if __name__ == "__main__":
    main()
