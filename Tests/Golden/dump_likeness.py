#!/usr/bin/env python3
"""Writes likeness.safetensors beside this script: what evaluate-style --likeness measures, computed by PyTorch, NumPy and Pillow.

    pip install torch safetensors numpy pillow
    python dump_likeness.py --vgg vgg16.safetensors

The pictures are made from formulas, which LikenessEvaluatorTests repeats. Everything but Pillow's scaling is in double precision.
"""

import argparse

import numpy
import torch
from PIL import Image
from torch.nn import functional

import dump_golden
import style_transfer

# Painting and frame of each case, width and height: pictures that are reduced, and pictures that are enlarged.
CASES = {"large": ((520, 480), (640, 470)), "small": ((190, 170), (130, 210))}
BANDS = (("relu2_2", 256), ("relu3_3", 256), ("relu3_3", 128), ("relu4_3", 256))


def synthetic(width, height, seed):
    pixels = dump_golden.synthetic_image(width, height, seed)
    return pixels[0].permute(1, 2, 0).numpy().astype(numpy.uint16)


def patches(width, height, side, seed):
    """Squares of one colour each, with `side` pixels on a side."""
    colours = synthetic(-(-width // side), -(-height // side), seed)
    return colours.repeat(side, 0).repeat(side, 1)[:height, :width]


def pictures(painting_size, frame_size):
    """Painting, frame and painted frame as arrays of bytes."""
    painting = (3 * patches(*painting_size, 11, 5) + synthetic(*painting_size, 6)) // 4
    # Paler than the painting, so that painting it brings it closer.
    frame = (2 * patches(*frame_size, 23, 7) + synthetic(*frame_size, 8)) // 6 + 60
    painted = (3 * patches(*frame_size, 11, 9) + synthetic(*frame_size, 10) + 4 * frame) // 8
    return [picture.astype(numpy.uint8) for picture in (painting, frame, painted)]


def scaled(pixels, lines):
    """The picture with `lines` pixels on its short side: the mean of an area, or bicubic where it gets larger."""
    factor = lines / min(pixels.shape[:2])
    height, width = (max(1, round(extent * factor)) for extent in pixels.shape[:2])
    method = Image.Resampling.BOX if factor < 1 else Image.Resampling.BICUBIC
    return numpy.asarray(Image.fromarray(pixels).resize((width, height), method)).astype(numpy.float64)


def blur(plane, sigma):
    """A separable Gaussian out to three sigma, the border mirrored."""
    reach = int(3 * sigma + 0.5)
    places = torch.arange(-reach, reach + 1, dtype=torch.float64)
    weights = torch.exp(-(places**2) / (2 * sigma**2))
    weights = weights / weights.sum()
    for shape, padding in (((1, 1, 1, -1), (reach, reach, 0, 0)), ((1, 1, -1, 1), (0, 0, reach, reach))):
        plane = functional.conv2d(functional.pad(plane, padding, mode="reflect"), weights.view(shape))
    return plane


class Measured:
    """The statistics of one picture."""

    def __init__(self, vgg, pixels):
        features = {}
        for lines in (256, 128):
            image = torch.from_numpy(scaled(pixels, lines)).permute(2, 0, 1)[None]
            features[lines] = vgg(image)
        self.grams = [style_transfer.gram(features[lines][layer]) for layer, lines in BANDS]
        self.shown = features[256]["relu4_1"][0]
        luma = scaled(pixels, 450) @ numpy.array([0.299, 0.587, 0.114])
        self.luma = torch.from_numpy(luma)[None, None]
        self.chroma = self.percentile_of_chroma(scaled(pixels, 256) / 255)

    @property
    def contrast(self):
        return blur(self.luma, 8).std()

    @property
    def detail(self):
        return self.luma - blur(self.luma, 2)

    @staticmethod
    def percentile_of_chroma(rgb):
        """The 95th percentile of OKLab's chroma; matrices as published by B. Ottosson."""
        linear = numpy.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        to_lms = numpy.array(
            [
                [0.4122214708, 0.5363325363, 0.0514459929],
                [0.2119034982, 0.6806995451, 0.1073969566],
                [0.0883024619, 0.2817188376, 0.6299787005],
            ]
        )
        to_ab = numpy.array([[1.9779984951, -2.4285922050, 0.4505937099], [0.0259040371, 0.7827717662, -0.8086757660]])
        ab = numpy.cbrt(linear @ to_lms.T) @ to_ab.T
        return numpy.percentile(numpy.sqrt((ab**2).sum(-1)), 95)


def distances(measured, painting):
    return [((a - b) ** 2).mean() / (b**2).mean() for a, b in zip(measured.grams, painting.grams)]


def normalized(features):
    mean, deviation = features.mean((1, 2), keepdim=True), features.std((1, 2), keepdim=True)
    return (features - mean) / (deviation + 1e-3)


def likeness(painting, frame, painted):
    """The figures by their names."""
    fine, stroke, coarse, deep = (
        100 * (1 - of_painted / of_frame)
        for of_painted, of_frame in zip(distances(painted, painting), distances(frame, painting))
    )
    content = functional.cosine_similarity(normalized(painted.shown), normalized(frame.shown), dim=0).mean()
    energy = blur(frame.detail**2, 8)
    flat = energy <= torch.quantile(energy.flatten(), 0.2)
    return {
        "fine": fine,
        "stroke": stroke,
        "form": (coarse + deep) / 2,
        "content": content,
        "contrast": painted.contrast / painting.contrast,
        "chroma": torch.tensor(painted.chroma / painting.chroma),
        "grain": painted.detail[flat].std() / painting.detail.std(),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vgg", required=True, help="the extracted VGG-16 weights (conv1_1.weight, conv1_1.bias, ...)")
    weights = style_transfer.read_safetensors(parser.parse_args().vgg)
    vgg = style_transfer.Vgg16({name: value.double() for name, value in weights.items()})
    dump = dump_golden.Dump()
    with torch.no_grad():
        for case, sizes in CASES.items():
            images = pictures(*sizes)
            for name, image in zip(("painting", "frame", "painted"), images):
                dump.array(f"{case}.{name}_sum", torch.tensor(float(image.sum())))
            for name, value in likeness(*(Measured(vgg, image) for image in images)).items():
                print(f"{case} {name} {float(value):.4f}")
                dump.array(f"{case}.{name}", value)
    dump.save("likeness.safetensors")


if __name__ == "__main__":
    main()
