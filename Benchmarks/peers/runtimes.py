"""The peers: each loads the network once and paints one float32 frame per call.

`package` is its name on PyPI, `variants` gives the forms of a network or settings of which compare.py takes the fastest,
with --quick without `slow_variants`. `bfloat16_variants` gives those that multiply numbers of 16 bits. A runtime is made with the folder of the model files, the number of threads and
the name of a variant; `set_frame` takes float32 [3, H, W] in 0...255, `run` is what is timed, `result` gives float32
[3, H, W]. Turning 8-bit pixels into floats and back is not part of `run`. Imports happen inside, so that a worker
loads one runtime only.
"""

import pathlib

import numpy


NORM_FORMS = ("instance", "layer", "moments")
ENLARGEMENT_FORMS = ("resize", "product")


def forms(graph, norms=NORM_FORMS):
    """The names of the forms in which convert-style writes a network, with these norms: `instance`, or `instance-resize`
    where there is a canvas."""
    return norms if graph.canvas is None else tuple(f"{norm}-{form}" for norm in norms for form in ENLARGEMENT_FORMS)


class Runtime:
    """What all have in common."""

    slow_variants = ()

    @classmethod
    def variants(cls, graph):
        """The names of the variants for a network."""
        raise NotImplementedError

    @classmethod
    def bfloat16_variants(cls, graph):
        """The names of those that compute in bfloat16; none by default."""
        return ()


class OnnxRuntime(Runtime):
    """ONNX Runtime with all graph optimizations; the variants are forms of the network."""

    package = "onnxruntime"

    @classmethod
    def variants(cls, graph):
        return forms(graph)

    def __init__(self, folder, threads, variant):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.add_session_config_entry("session.set_denormal_as_zero", "1")
        options.log_severity_level = 3
        path = pathlib.Path(folder) / f"{variant}.onnx"
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def set_frame(self, frame):
        self.frame = frame[None]
        self.output = numpy.empty_like(self.frame)
        self.binding = self.session.io_binding()
        shape = list(self.frame.shape)
        self.binding.bind_input("frame", "cpu", 0, numpy.float32, shape, self.frame.ctypes.data)
        self.binding.bind_output("stylized", "cpu", 0, numpy.float32, shape, self.output.ctypes.data)

    def run(self):
        self.session.run_with_iobinding(self.binding)

    def result(self):
        return self.output[0]


BFLOAT16 = "-bfloat16"


class OpenVino(Runtime):
    """OpenVINO's CPU plugin, tuned for latency."""

    package = "openvino"

    @classmethod
    def variants(cls, graph):
        return forms(graph, ("instance", "moments"))

    @classmethod
    def bfloat16_variants(cls, graph):
        return tuple(variant + BFLOAT16 for variant in cls.variants(graph))

    def __init__(self, folder, threads, variant):
        import openvino

        core = openvino.Core()
        settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "INFERENCE_PRECISION_HINT": "bf16" if variant.endswith(BFLOAT16) else "f32",
        }
        variant = variant.removesuffix(BFLOAT16)
        self.tensor_type = openvino.Tensor
        self.compiled = core.compile_model(core.read_model(pathlib.Path(folder) / f"{variant}.onnx"), "CPU", settings)
        self.request = self.compiled.create_infer_request()

    def set_frame(self, frame):
        self.frame = frame[None]
        self.request.set_input_tensor(self.tensor_type(self.frame, shared_memory=True))

    def run(self):
        self.request.infer()

    def result(self):
        return self.request.get_output_tensor().data[0]


class Ncnn(Runtime):
    """ncnn with Winograd, packed layouts and light mode.

    The variants are its two layers for instance norm, and what its own converter, pnnx, makes of the network in PyTorch;
    the products of a canvas are beyond it.
    """

    package = "ncnn"

    @classmethod
    def variants(cls, graph):
        return ("instance", "group", "pnnx") if graph.canvas is None else ("instance", "group")

    @classmethod
    def bfloat16_variants(cls, graph):
        return tuple(variant + BFLOAT16 for variant in cls.variants(graph))

    def __init__(self, folder, threads, variant):
        import ncnn

        self.ncnn = ncnn
        self.net = ncnn.Net()
        options = self.net.opt
        options.num_threads = threads
        options.lightmode = True
        options.use_winograd_convolution = True
        options.use_sgemm_convolution = True
        options.use_packing_layout = True
        options.use_vulkan_compute = False
        options.use_fp16_packed = options.use_fp16_storage = options.use_fp16_arithmetic = False
        options.use_bf16_storage = variant.endswith(BFLOAT16)
        variant = variant.removesuffix(BFLOAT16)
        folder = pathlib.Path(folder)
        names = ("frame", "stylized")
        if variant == "pnnx":
            names = ("in0", "out0")
        if self.net.load_param(str(folder / f"{variant}.ncnn.param")) or self.net.load_model(
            str(folder / f"{variant}.ncnn.bin")
        ):
            raise RuntimeError(f"ncnn cannot read {folder}/{variant}.ncnn.*")
        self.input_name, self.output_name = names

    def set_frame(self, frame):
        self.frame = self.ncnn.Mat(frame).clone()

    def run(self):
        extractor = self.net.create_extractor()
        extractor.input(self.input_name, self.frame)
        code, self.output = extractor.extract(self.output_name)
        if code:
            raise RuntimeError(f"ncnn ended with {code}")

    def result(self):
        return numpy.array(self.output)


class PyTorch(Runtime):
    """PyTorch under inference_mode; the variants are eager in two memory formats, traced and frozen, torch.compile."""

    package = "torch"
    # It takes a minute or more to start.
    slow_variants = ("compiled", "compiled" + BFLOAT16)

    @classmethod
    def variants(cls, graph):
        return "contiguous", "channels_last", "frozen", "compiled"

    @classmethod
    def bfloat16_variants(cls, graph):
        # Under autocast: convolutions in bfloat16, the rest as PyTorch finds safe.
        return tuple(variant + BFLOAT16 for variant in ("contiguous", "channels_last", "compiled"))

    def __init__(self, folder, threads, variant):
        import torch

        self.torch = torch
        torch.set_num_threads(threads)
        torch.set_num_interop_threads(1)
        torch.set_flush_denormal(True)
        self.autocast = torch.autocast("cpu", torch.bfloat16, enabled=variant.endswith(BFLOAT16))
        self.variant, self.path = variant.removesuffix(BFLOAT16), pathlib.Path(folder) / "model.safetensors"

    def set_frame(self, frame):
        import torch_network

        torch = self.torch
        layout = torch.channels_last if self.variant == "channels_last" else torch.contiguous_format
        network = torch_network.load(self.path, *frame.shape[:0:-1]).eval()
        self.network = network.to(memory_format=layout)
        # The canvas is made of whole rows: the film stays planar for it, and the draft takes the layout of its weights.
        film_layout = layout if network.graph.canvas is None else torch.contiguous_format
        self.frame = torch.from_numpy(frame[None]).contiguous(memory_format=film_layout)
        with torch.inference_mode():
            if self.variant == "frozen":
                traced = torch.jit.trace(self.network, self.frame, check_trace=False)
                self.network = torch.jit.optimize_for_inference(torch.jit.freeze(traced))
            elif self.variant == "compiled":
                self.network = torch.compile(self.network)

    def run(self):
        with self.torch.inference_mode(), self.autocast:
            self.output = self.network(self.frame)

    def result(self):
        return self.output[0].float().contiguous().numpy()


class OpenCv(Runtime):
    """OpenCV's dnn module; the variants are its two engines, on a canvas with each form of enlargement."""

    package = "opencv-python-headless"

    @classmethod
    def variants(cls, graph):
        engines = ("new", "classic")
        return tuple(form.replace("instance", engine) for engine in engines for form in forms(graph, ("instance",)))

    def __init__(self, folder, threads, variant):
        import cv2

        cv2.setNumThreads(threads)
        name, *form = variant.split("-")
        engine = {"new": cv2.dnn.ENGINE_NEW, "classic": cv2.dnn.ENGINE_CLASSIC}[name]
        path = pathlib.Path(folder) / ("-".join(["instance", *form]) + ".onnx")
        self.net = cv2.dnn.readNetFromONNX(str(path), engine)
        self.net.setPreferableBackend(cv2.dnn.DNN_BACKEND_OPENCV)
        self.net.setPreferableTarget(cv2.dnn.DNN_TARGET_CPU)
        if name == "classic":
            self.net.enableWinograd(True)

    def set_frame(self, frame):
        self.frame = frame[None]

    def run(self):
        self.net.setInput(self.frame)
        self.output = self.net.forward()

    def result(self):
        return self.output[0]


RUNTIMES = {
    "onnxruntime": OnnxRuntime,
    "openvino": OpenVino,
    "ncnn": Ncnn,
    "pytorch": PyTorch,
    "opencv": OpenCv,
}
