"""What a spec says of its data: where the examples are, in which format, and how they are prepared.

A format is one `Source` class here, found by name (`{image_folder: flowers}`), and one file beside
this that reads it. Paths are taken as the shell takes them: relative to the current directory.
Nothing heavy is imported, since `specc check` reads this.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from specc.named import ByName, Named

Positive = Annotated[int, Field(gt=0)]
Name = Annotated[str, Field(min_length=1)]
Columns = Name | tuple[Name, ...]
Interpolation = Literal["nearest", "bilinear", "bicubic"]

InterpolationField = Annotated[
    Interpolation,
    Field(
        description="How pictures are resized: nearest, bilinear or bicubic, as Pillow does it. "
        "The last two average over all pixels that one of a smaller picture covers (antialiasing)."
    ),
]
ImageSize = Annotated[
    tuple[Positive, Positive] | None,
    Field(description="[height, width] that pictures are resized to; default: the input's."),
]
ArrayNames = Annotated[
    Name | dict[Name, Name] | None,
    Field(
        description="The array of each input or output by its name, or of the only one. Default: "
        "the array called as it; `x` or `y` for an only one."
    ),
]


class Source(Named):
    """Examples in one format.

    path: None leaves it to whoever trains: `specc train --data PATH`.
    """

    primary = "path"

    path: Name | None = Field(
        default=None, description="The file or folder, relative to the current directory."
    )


class ImageFolder(Source):
    """A folder of pictures with one subfolder for each class, of any depth below that.

    The classes are the subfolders in the order of their names, as Keras and torchvision have it. A
    folder with `train` and, if it likes, `val`, `valid` or `validation`, and `test` holds one such
    folder for each split. Files that are no pictures, and hidden ones, are passed over.
    """

    name = "image_folder"

    image_size: ImageSize = None
    interpolation: InterpolationField = "bilinear"


class Arrays(Source):
    """Arrays of numpy: one `.npz` file, or a folder of `.npy` files, which are mapped into memory.

    The arrays are called `x` and `y`, or `x_train`, `y_train`, `x_val`, … where the splits are
    given. `.npz` files are read whole. Pickled objects are refused.
    """

    name = "arrays"

    inputs: ArrayNames = None
    targets: ArrayNames = None


class Idx(Source):
    """The idx files of MNIST and its kin: `train-images-idx3-ubyte`, `t10k-labels-idx1-ubyte`, ….

    Plain files are mapped into memory, those that end in `.gz` are read whole.
    """

    name = "idx"


class Table(Source):
    """Rows and columns; numbers in several columns stack to one input."""

    image_size: ImageSize = None
    interpolation: InterpolationField = "bilinear"

    inputs: Columns | dict[Name, Columns] | None = Field(
        default=None,
        description="The column, or the list of columns stacked into one vector, of each input by "
        "its name, or of the only one. Default: the column called as the input, or all columns "
        "that are no targets.",
    )
    targets: Columns | dict[Name, Columns] | None = Field(
        default=None,
        description="The column (or list of columns) of each output by its name, or of the only "
        "one. Default: the column called as the output, or `label`, `labels`, `target` or `y`.",
    )


class Csv(Table):
    """A `.csv` file with a header, or a folder of `train.csv`, `validation.csv`, `test.csv`.

    For an input of pictures a column has their paths, relative to the file and below its folder.
    """

    name = "csv"

    separator: Annotated[str, Field(min_length=1, max_length=1)] = Field(
        default=",", description="What stands between two columns."
    )


class Parquet(Table):
    """A `.parquet` file, or a folder of `train.parquet`, `validation.parquet`, `test.parquet`.

    For an input of pictures a column has them, or their paths, as in a `.csv` file.
    """

    name = "parquet"


class HuggingFace(Table):
    """A data set of the `datasets` library, on disk or on the Hugging Face hub.

    On disk it is a folder that `save_to_disk` wrote. Columns of features `Image`
    and `ClassLabel` are understood.
    """

    name = "hugging_face"

    path: Name | None = Field(
        default=None,
        description="The folder, or the data set's name on the hub, which is then downloaded.",
    )
    config_name: Name | None = Field(
        default=None, description="The configuration, of a data set on the hub that has several."
    )
    revision: Name | None = Field(
        default=None, description="The branch, tag or commit, of a data set on the hub."
    )


SOURCES: tuple[type[Source], ...] = (ImageFolder, Arrays, Idx, Csv, Parquet, HuggingFace)

SourceField = Annotated[Source, ByName("data source", SOURCES)]
"""The type of a key of `data` that takes a source."""


class Data(BaseModel):
    """`data:` of a spec. Everything has a default, so that `--data PATH` alone will do."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", defer_build=True, allow_inf_nan=False
    )

    source: SourceField | None = Field(
        default=None, description="Where the training examples are, and those that come with them."
    )
    validation: SourceField | None = Field(
        default=None, description="The validation examples, if not in `source`."
    )
    test: SourceField | None = Field(
        default=None, description="The test examples, if not in `source`."
    )
    validation_split: Annotated[float, Field(ge=0, lt=1)] | None = Field(
        default=None,
        description="The share of the training examples that validate instead, from each class "
        "alike; between 0 and 1. A path that holds a validation split of its own keeps that one.",
    )
    seed: Annotated[int, Field(ge=0, lt=2**32)] = Field(
        default=0, description="Which examples the split takes."
    )
    class_names: tuple[Name, ...] | None = Field(
        default=None,
        description="The names of the classes, in the order of their indices; default: what the "
        "source knows. With an image folder, the subfolders, in the order wanted.",
    )
    scale: float | None = Field(
        default=None,
        description="Inputs are multiplied by it. Default: 1/255 for bytes, unless the network "
        "rescales them itself or takes integers; 1 for all else.",
    )
    mean: tuple[float, ...] | None = Field(
        default=None, description="Taken from each channel, after the scale."
    )
    std: tuple[Annotated[float, Field(gt=0)], ...] | None = Field(
        default=None, description="Each channel is divided by it, after the mean."
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.validation is not None and self.validation_split:
            raise ValueError("expected `validation` or `validation_split`, received both")
        if self.mean and self.std and len(self.mean) != len(self.std):
            received = f"{len(self.mean)} and {len(self.std)}"
            raise ValueError(f"expected as many numbers in `mean` as in `std`, received {received}")
        names = self.class_names or ()
        if len(set(names)) < len(names):
            raise ValueError("expected each class name once in `class_names`")
        return self
