"""The network in PyTorch, from the definition that the tests compare with."""

import pathlib
import sys

from safetensors.torch import load_file

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Tests" / "Golden"))
import style_transfer  # noqa: E402


def load(path):
    """A `TransformerNet` with the parameters of the model file at `path`."""
    parameters = load_file(path)
    channels = [len(parameters[f"conv{index}.conv2d.bias"]) for index in (1, 2, 3)]
    network = style_transfer.TransformerNet(channels)
    network.load_state_dict(parameters)
    return network
