"""The Silero graph inside the installed package, and the weights of its 8 kHz branch."""

import hashlib
from importlib import metadata
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

PACKAGE = "silero-vad"
FILE = "silero_vad/data/silero_vad.onnx"
# The branch for every rate but 16 kHz; its constants carry this prefix.
BRANCH = "else_branch"
PREFIX = "If_0_else_branch__Inline_0__"


def path():
    return Path(metadata.distribution(PACKAGE).locate_file(FILE))


def source():
    """The version of the package and the hash of the graph's file."""
    digest = hashlib.sha256(path().read_bytes()).hexdigest()
    return metadata.version(PACKAGE), digest


def constants(model):
    """The tensors of the 8 kHz branch, by the names they had in training: name -> TensorProto."""
    choose = next(node for node in model.graph.node if node.op_type == "If")
    branch = next(a.g for a in choose.attribute if a.name == BRANCH)
    return {
        node.output[0].removeprefix(PREFIX): node.attribute[0].t
        for node in branch.node
        if node.op_type == "Constant"
    }


def load():
    return onnx.load(path())


def weights(model):
    return {name: numpy_helper.to_array(t) for name, t in constants(model).items()}


# The large arrays, which are stored as f16; biases stay f32.
LARGE = [
    *(f"encoder.{layer}.reparam_conv.weight" for layer in range(4)),
    "decoder.rnn.weight_ih",
    "decoder.rnn.weight_hh",
    "decoder.decoder.2.weight",
]


def rounded(array):
    """What is left of an array after storage as f16."""
    return array.astype(np.float16).astype(np.float32)
