"""What is measured: one network, size and number of threads, with the files that all programs read."""

import dataclasses
import pathlib
import shutil
import subprocess
import sys

import numpy

import network
from runtimes import forms

EXPORTER = pathlib.Path(__file__).resolve().parents[2] / ".build" / "release" / "convert-style"


@dataclasses.dataclass(frozen=True)
class Point:
    """`folder` holds model.safetensors, frame.rgb and the peers' forms of the model; it runs on `processors`."""

    folder: str
    network: str
    weights: str
    size: tuple
    threads: int
    processors: tuple

    @property
    def size_name(self):
        return f"{self.size[0]}x{self.size[1]}"

    def path(self, name):
        return str(pathlib.Path(self.folder) / name)

    def supports(self, peer, variant):
        """False where the model's form that this variant reads could not be made."""
        return not (peer == "ncnn" and variant.startswith("pnnx")) or pathlib.Path(self.path("pnnx.ncnn.param")).exists()

    def __str__(self):
        return f"{self.network}, {self.size_name}, threads {self.threads}"


def prepare_point(folder, model_path, size, clip, peers):
    """Fills the folder for every number of threads; the network's graph."""
    folder = pathlib.Path(folder)
    if model_path != folder / "model.safetensors":
        shutil.copyfile(model_path, folder / "model.safetensors")
    model = network.Model.load(folder / "model.safetensors")
    model.network.check_size(*size)
    make_frame(clip, size).tofile(folder / "frame.rgb")
    if {"onnxruntime", "openvino", "opencv"} & set(peers):
        for form in forms(model.network):
            export_onnx(folder, size, form)
    if "ncnn" in peers:
        import ncnn_model

        for form in ncnn_model.NORM_FORMS:
            ncnn_model.write(model, *size, folder / f"{form}.ncnn.param", folder / f"{form}.ncnn.bin", form)
        if model.network.canvas is None:
            convert_with_pnnx(folder, size)
    return model.network


def export_onnx(folder, size, form):
    """The model for frames of this size by our own exporter, as `FORM.onnx`; the result is not clamped."""
    norm, *enlargement = form.split("-")
    options = ["--size", f"{size[0]}x{size[1]}", "--norm", norm, "--unclamped"]
    options += ["--enlargement", *enlargement] if enlargement else []
    subprocess.run([EXPORTER, folder / "model.safetensors", folder / f"{form}.onnx", *options], check=True)


def convert_with_pnnx(folder, size):
    """ncnn's own converter, which needs PyTorch: traces the network there. Without PyTorch its variant is left out."""
    code = (
        f"import torch, torch_network; network = torch_network.load('model.safetensors', *{tuple(size)}).eval(); "
        f"torch.jit.trace(network, torch.zeros(1, 3, {size[1]}, {size[0]}), check_trace=False).save('pnnx.pt')"
    )
    here = str(pathlib.Path(__file__).resolve().parent)
    program = pathlib.Path(sys.executable).parent / "pnnx"
    with open(folder / "pnnx.log", "w", encoding="utf-8") as log:
        steps = [
            [sys.executable, "-c", f"import sys; sys.path.insert(0, {here!r}); {code}"],
            [str(program), "pnnx.pt", f"inputshape=[1,3,{size[1]},{size[0]}]", "fp16=0"],
        ]
        try:
            for step in steps:
                subprocess.run(step, cwd=folder, stdout=log, stderr=log, check=True)
        except (subprocess.CalledProcessError, FileNotFoundError) as error:
            print(f"ncnn without its variant pnnx: {error}", file=sys.stderr, flush=True)


def make_frame(clip, size):
    """RGB [H, W, 3] of a real picture where there is a clip and OpenCV to read it, or else of a synthetic one."""
    width, height = size
    if clip.exists():
        try:
            import cv2
        except ImportError:
            pass
        else:
            video = cv2.VideoCapture(str(clip))
            video.set(cv2.CAP_PROP_POS_FRAMES, 60)
            good, picture = video.read()
            if good:
                return numpy.ascontiguousarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA)[:, :, ::-1])
    y, x = numpy.mgrid[0:height, 0:width] / height
    waves = [numpy.sin(7 * x + 11 * y * (channel + 1)) + numpy.cos(23 * x * y + channel) for channel in range(3)]
    grain = numpy.random.default_rng(1).uniform(-20, 20, (height, width, 3))
    return numpy.clip(127 + 50 * numpy.stack(waves, axis=2) + grain, 0, 255).astype("u1")
