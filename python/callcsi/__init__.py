"""Listens to contact-centre calls and estimates the CSI, the mark the customer would give.

    import callcsi

    table = callcsi.extract("demo/manifest.csv")          # every measurement, a pyarrow.Table
    marks = callcsi.predict(table)                        # expected marks, by the bundled model
    call = callcsi.inspect("demo/demo-02.wav", agent_channel="left")   # one call: picture and reasons

Tables go in as pyarrow, pandas, polars or dicts of columns, and come out as pyarrow. What does not exist on a call
is null, never 0. Nothing is fetched from a network unless a path is an address; nothing is sent anywhere.

`callcsi.sklearn` has an estimator for scikit-learn, `callcsi.spark` does the same on Apache Spark.
"""

if type(getattr(__spec__, "loader", None)).__module__ == "zipimport":
    # What Python says of it by itself leads astray.
    raise ImportError(
        f"callcsi: found {__file__}, wanted a folder: native code cannot be loaded out of a zip. On Spark, ship the "
        "wheel by spark.archives and not by --py-files (docs/spark.md)"
    )

from ._archive import extract, extract_batches, score
from ._assessment import Assessment, inspect
from ._models import Model, catalogue, predict, train
from ._native import SCHEMA_VERSION, Error, __version__
from ._rows import read_manifest

__all__ = [
    "SCHEMA_VERSION",
    "Assessment",
    "Error",
    "Model",
    "__version__",
    "catalogue",
    "extract",
    "extract_batches",
    "inspect",
    "predict",
    "read_manifest",
    "score",
    "train",
]
