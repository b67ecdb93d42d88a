"""A model file: its network, a graph in the metadata, and the parameters, for programs that run it in other runtimes.

The checks are those of Sources/Networks/NetworkCheck.swift. Shapes are (channels, height, width).
"""

import json
import math

import numpy
import safetensors

from operations import OPERATIONS, Node

EPSILON = 1e-5
FORMAT_VERSION = "2"


class ModelError(Exception):
    """One sentence for the user."""


class Network:
    """Nodes in the order in which they can be computed; the last one is the output. ModelError where they do not fit."""

    def __init__(self, name, nodes):
        self.name, self.nodes = name, tuple(nodes)
        self._check_operands()
        self.size_multiple = self._size_multiple()
        self._check_canvas()
        self.shapes(64 * self.size_multiple, 64 * self.size_multiple)

    @classmethod
    def parse(cls, text):
        """The network of a model file's metadata, which is JSON."""
        try:
            root = json.loads(text)
        except ValueError as error:
            raise ModelError(f"the network is not JSON: {error}") from error
        if not isinstance(root, dict) or not isinstance(root.get("nodes"), list):
            raise ModelError("the network is not an object with a list 'nodes'")
        return cls(str(root.get("name", "")), [_parse_node(index, entry) for index, entry in enumerate(root["nodes"])])

    @property
    def canvas(self):
        """The position of the canvas; None where pictures are painted at their own size."""
        return next((index for index, node in enumerate(self.nodes) if node.operation == "canvas"), None)

    def readers(self, index):
        """The positions of the nodes that read this one, twice where one reads it twice."""
        return [reader for reader, node in enumerate(self.nodes) for source in node.inputs if source == index]

    def shapes(self, height, width):
        """The shape of each node's value for a picture of this size."""
        shapes = []
        for index, node in enumerate(self.nodes):
            operands = [shapes[source] for source in node.inputs] or [(3, height, width)]
            try:
                shapes.append(node.shape(operands, self.size_multiple))
            except ValueError as error:
                raise self._malformed(index, str(error)) from None
        if self.canvas is not None and shapes[self.nodes[-1].inputs[1]] != shapes[self.canvas]:
            draft = self.nodes[-1].inputs[1]
            raise self._malformed(draft, f"the draft is {list(shapes[draft])}, expected {list(shapes[self.canvas])}")
        if shapes[-1] != (3, height, width):
            raise self._malformed(len(shapes) - 1, f"the output is {list(shapes[-1])}, expected {[3, height, width]}")
        return shapes

    def check_size(self, width, height):
        """ModelError where the peers cannot paint frames of this size."""
        multiple = self.size_multiple if self.canvas is None else 2
        if width % multiple or height % multiple:
            raise ModelError(f"{self.name}: frames of {width}x{height}, expected multiples of {multiple} pixels")

    def _check_operands(self):
        if not self.nodes or self.nodes[0].operation != "input":
            raise self._malformed(0, "the first node is not the input")
        names = set()
        for index, node in enumerate(self.nodes):
            count = OPERATIONS[node.operation][0]
            if len(node.inputs) != count or not all(0 <= source < index for source in node.inputs):
                raise self._malformed(index, f"it must read {count} earlier node(s), but reads {list(node.inputs)}")
            if index > 0 and node.operation == "input":
                raise self._malformed(index, "a network has one input")
            if node.parameters:
                if not node.name or node.name in names:
                    raise self._malformed(index, "it needs a name of its own for its parameters")
                names.add(node.name)

    def _check_canvas(self):
        last = self.nodes[-1]
        for index, node in enumerate(self.nodes):
            if node.operation == "canvas":
                if index != self.canvas or node.inputs != (0,):
                    raise self._malformed(index, "a network has one canvas, which reads the input")
                if last.operation != "revision":
                    raise self._malformed(index, "a canvas without a revision at the end")
            elif node.operation == "revision":
                if node is not last or self.canvas is None or node.inputs[0] != 0 or node.inputs[1] < self.canvas:
                    raise self._malformed(index, "a revision ends a network with a canvas, and reads input and draft")
            elif self.canvas is not None and 0 in node.inputs:
                raise self._malformed(index, "nothing but a canvas and its revision may read the input beside the canvas")

    def _size_multiple(self):
        reductions, result = [], 1
        for index, node in enumerate(self.nodes):
            numerator, denominator = node.reduction
            if min(numerator, denominator) < 1:
                raise self._malformed(index, "its stride or factor is below 1")
            if node.inputs:
                first = reductions[node.inputs[0]]
                numerator, denominator = numerator * first[0], denominator * first[1]
            divisor = math.gcd(numerator, denominator)
            reductions.append((numerator // divisor, denominator // divisor))
            result = max(result, numerator // divisor)
        if result > 256:
            raise self._malformed(len(self.nodes) - 1, f"pictures would have to be multiples of {result} pixels")
        return result

    def _malformed(self, index, reason):
        name = f" ('{self.nodes[index].name}')" if index < len(self.nodes) and self.nodes[index].name else ""
        return ModelError(f"network '{self.name}', node {index}{name}: {reason}")


def _parse_node(index, entry):
    """A node of the JSON: {"name": "head", "operation": {"convolution": {"kernel": 3, ...}}, "inputs": [0]}."""

    def malformed(reason):
        return ModelError(f"node {index} of the network: {reason}")

    if not isinstance(entry, dict):
        raise malformed("it is not an object")
    operation, inputs = entry.get("operation"), entry.get("inputs")
    if isinstance(operation, str):
        # The operation's name with its numbers beside it.
        numbers = {key: value for key, value in entry.items() if key not in ("name", "operation", "inputs")}
    elif isinstance(operation, dict) and len(operation) == 1:
        ((operation, numbers),) = operation.items()
    else:
        raise malformed("'operation' is neither a name nor an object of one key")
    if operation not in OPERATIONS:
        raise malformed(f"operation '{operation}' is not known here")
    if not isinstance(inputs, list) or not all(type(source) is int for source in inputs):
        raise malformed("'inputs' is not a list of whole numbers")
    kinds = OPERATIONS[operation][1]
    if not isinstance(numbers, dict) or set(numbers) != set(kinds):
        raise malformed(f"'{operation}' has the fields {sorted(numbers)}, expected {sorted(kinds)}")
    for field, kind in kinds.items():
        if type(numbers[field]) is not kind and not (kind is float and type(numbers[field]) is int):
            raise malformed(f"'{field}' is {numbers[field]!r}, expected {kind.__name__}")
    return Node(operation, tuple(inputs), str(entry.get("name", "")), numbers)


class Model:
    """A network with its parameters by name, float32; convolution weights are [O, I, k, k]."""

    def __init__(self, network, parameters):
        self.network, self.parameters = network, parameters
        expected = {name: shape for node in network.nodes for name, shape in node.parameters.items()}
        for name, shape in expected.items():
            found = self[name]
            if found.dtype != numpy.float32 or found.shape != shape:
                raise ModelError(f"{name} is {found.dtype} {list(found.shape)}, expected float32 {list(shape)}")
        if strangers := sorted(set(parameters) - set(expected)):
            raise ModelError(f"the parameter {strangers[0]} belongs to no node of network '{network.name}'")

    @classmethod
    def load(cls, path):
        with safetensors.safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            parameters = {name: file.get_tensor(name) for name in file.keys()}
        version = metadata.get("format_version")
        if version != FORMAT_VERSION or "network" not in metadata:
            found = f"format version {version}" if version else "no metadata 'format_version' and 'network'"
            raise ModelError(f"{path}: {found}, expected a model file of version {FORMAT_VERSION}")
        # What is stored in half precision is computed with in single precision, as by the engine.
        halves = {name: value.astype("f4") for name, value in parameters.items() if value.dtype == numpy.float16}
        try:
            return cls(Network.parse(metadata["network"]), parameters | halves)
        except ModelError as error:
            raise ModelError(f"{path}: {error}") from None

    def __getitem__(self, name):
        if name not in self.parameters:
            raise ModelError(f"the model has no parameter {name}")
        return self.parameters[name]

    def multiply_adds(self, width, height):
        """For one frame, counted as direct convolution."""
        nodes, shapes = self.network.nodes, self.network.shapes(height, width)
        return sum(node.multiply_adds(shape) for node, shape in zip(nodes, shapes))


def parse_size(text):
    """WIDTHxHEIGHT, both even and at least 20, as two integers: for argparse."""
    width, height = (int(part) for part in text.lower().split("x"))
    if min(width, height) < 20 or width % 2 or height % 2:
        raise ValueError(text)
    return width, height
