"""A network with fewer nodes that computes the same: every runtime, as ours does, gets these folded into convolutions."""

import dataclasses

import numpy

import network
from operations import CONVOLUTIONS


def folded(model):
    """The model without batchNorm, and without an affine that a convolution can take over.

    Batch norm by stored statistics goes into the convolution in front of it, or becomes a depthwise 1x1 convolution; an affine
    goes into the convolution behind it, through a pixelUnshuffle, where no padding with zeros lies between.
    """
    nodes, parameters = list(model.network.nodes), dict(model.parameters)
    readers = [model.network.readers(index) for index in range(len(nodes))]
    # Nodes that are gone: what reads them reads this one.
    replaced = {}
    for index, node in enumerate(nodes):
        if node.operation == "batchNorm":
            source = nodes[node.inputs[0]]
            scale, offset = _stored_norm(parameters, node.name)
            if source.operation in CONVOLUTIONS and readers[node.inputs[0]] == [index]:
                weight, bias = parameters[source.name + ".weight"], parameters[source.name + ".bias"]
                parameters[source.name + ".weight"] = (weight * scale[:, None, None, None]).astype("f4")
                parameters[source.name + ".bias"] = (bias * scale + offset).astype("f4")
                replaced[index] = node.inputs[0]
            else:
                numbers = {"channels": node.channels, "kernel": 1, "stride": 1, "padding": "zeros"}
                nodes[index] = dataclasses.replace(node, operation="depthwiseConvolution", numbers=numbers)
                parameters[node.name + ".weight"] = scale.astype("f4")[:, None, None, None]
                parameters[node.name + ".bias"] = offset.astype("f4")
        elif node.operation == "affine":
            chain = readers[index]
            if len(chain) == 1 and nodes[chain[0]].operation == "pixelUnshuffle":
                chain = readers[chain[0]]
            target = nodes[chain[0]] if len(chain) == 1 else None
            mixes = target is not None and target.operation in CONVOLUTIONS
            if mixes and (target.padding == "reflect" or target.border == 0):
                weight, bias = (parameters[f"{target.name}.{part}"].astype("f8") for part in ("weight", "bias"))
                parameters[target.name + ".weight"] = (node.scale * weight).astype("f4")
                parameters[target.name + ".bias"] = (bias + node.offset * weight.sum(axis=(1, 2, 3))).astype("f4")
                replaced[index] = node.inputs[0]
    kept, places = [], {}
    for index, node in enumerate(nodes):
        if index in replaced:
            places[index] = places[replaced[index]]
            continue
        places[index] = len(kept)
        kept.append(dataclasses.replace(node, inputs=tuple(places[source] for source in node.inputs)))
    names = {name for node in kept for name in node.parameters}
    return network.Model(
        network.Network(model.network.name, kept), {name: value for name, value in parameters.items() if name in names}
    )


def _stored_norm(parameters, name):
    """Batch norm as scale and offset."""
    weight, bias, mean, variance = (
        parameters[f"{name}.{part}"].astype("f8") for part in ("weight", "bias", "running_mean", "running_var")
    )
    scale = weight / numpy.sqrt(variance + network.EPSILON)
    return scale, bias - mean * scale
