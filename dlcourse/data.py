"""The data sets of the course, split once and for all: digits, MNIST, Fashion-MNIST.

``load("digits")`` reads the 8x8 digits that ship with the package. MNIST and Fashion-MNIST are
looked for in the folder named by ``DLCOURSE_DATA``, then in the cache, then downloaded. Every file
is compared with its checksum before it is used, wherever it comes from.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import math
import os
import struct
import zlib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from dlcourse import checks

__all__ = ["Dataset", "Split", "load"]

Raw = NDArray[np.uint8]


class Split(NamedTuple):
    """Images ``x`` and classes ``y`` of one part: ``x, y = data.train``, or ``data.train.x``."""

    x: NDArray[Any]
    y: NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Three parts of one data set, and where it comes from; made by ``load``.

    Attributes
    ----------
    name : str
    train, validation, test : Split, each a pair (x, y)
    classes : tuple of str; the class ``y = k`` is called ``classes[k]``
    image_shape : (channels, height, width)
    license, source : str
    """

    name: str
    train: Split
    validation: Split
    test: Split
    classes: tuple[str, ...]
    image_shape: tuple[int, int, int]
    license: str
    source: str

    def __repr__(self) -> str:
        sizes = ", ".join(f"{part} {len(getattr(self, part).y)}" for part in _PARTS)
        shape = "x".join(map(str, self.image_shape))
        return f"Dataset({self.name!r}: {sizes}; {shape} images, {len(self.classes)} classes)"


@dataclass(frozen=True)
class _Idx:
    """What we know of a data set in the MNIST format before we have it."""

    sums: dict[str, str]  # sha256 of each compressed file
    mirrors: tuple[str, ...]
    classes: tuple[str, ...]
    license: str
    source: str
    sizes: tuple[int, int] = (60_000, 10_000)  # images in the original training and test files
    n_validation: int = 5_000
    side: int = 28


_CLOTHES = "T-shirt/top, Trouser, Pullover, Dress, Coat, Sandal, Shirt, Sneaker, Bag, Ankle boot"
_PARTS = ("train", "validation", "test")
_FILES = (
    ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
    ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
)
_DIGITS_SHA256 = "6face07b157b6767acd9d27fbf70022a2ff275b2fcafecfb2b9c6cbbc4841690"
_IDX = {
    "mnist": _Idx(
        sums={
            _FILES[0][0]: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            _FILES[0][1]: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            _FILES[1][0]: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            _FILES[1][1]: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        },
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        classes=tuple("0123456789"),
        license="none stated by its authors; derived from NIST Special Databases 1 and 3",
        source="Y. LeCun, C. Cortes, C. J. C. Burges, The MNIST database of handwritten digits",
    ),
    "fashion-mnist": _Idx(
        sums={
            _FILES[0][0]: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            _FILES[0][1]: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            _FILES[1][0]: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            _FILES[1][1]: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        },
        mirrors=(
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
        ),
        classes=tuple(_CLOTHES.split(", ")),
        license="MIT, Zalando SE",
        source="H. Xiao, K. Rasul, R. Vollgraf (2017), Fashion-MNIST, arXiv:1708.07747",
    ),
}


def load(name: str = "digits", *, dtype: Any = np.float64, flat: bool = True) -> Dataset:
    """Load a data set with the split that every lesson uses.

    Parameters
    ----------
    name : "digits", "mnist" or "fashion-mnist"
    dtype : float64 or float32, the kind of ``x``; values lie in [0, 1]
    flat : True gives ``x`` of shape (n, pixels), False gives (n, 1, height, width)

    Returns
    -------
    Dataset
        ``y`` is int64. All arrays are new and belong to the caller: changing them changes neither
        the stored files nor what the next ``load`` returns.

    Notes
    -----
    digits: 896 / 400 / 500 images; the validation part has 40 and the test part 50 of each class,
    the training part 84 to 93. One of the 1797 is left out: 897 would leave a single image over in
    batches of 2, 4, ... 128, and 896 leaves none. MNIST and Fashion-MNIST: the first 55 000 images
    of the original training file, its last 5 000, and the original 10 000 test images.
    Fashion-MNIST's test has 1 000 of each class; the other parts of these two are only nearly
    balanced.

    Examples
    --------
    >>> data = load("digits")
    >>> data
    Dataset('digits': train 896, validation 400, test 500; 1x8x8 images, 10 classes)
    >>> x, y = data.train
    >>> x.shape, x.dtype.name, float(x.min()), float(x.max()), y.dtype.name
    ((896, 64), 'float64', 0.0, 1.0, 'int64')
    """
    checks.choice("name", name, ("digits", *_IDX))
    kind = checks.float_kind("dtype", dtype)
    if name == "digits":
        return _digits(kind, flat)
    return _mnist_like(name, _IDX[name], kind, flat)


def _split(images: Raw, labels: Raw, levels: int, kind: np.dtype[Any], flat: bool) -> Split:
    shape = (len(images), -1) if flat else (len(images), 1, *images.shape[1:])
    x = np.divide(images.reshape(shape), levels, dtype=kind)
    return Split(x, labels.astype(np.int64))


def _digits(kind: np.dtype[Any], flat: bool) -> Dataset:
    with resources.as_file(resources.files("dlcourse") / "data_files" / "digits.npz") as path:
        content = verified(path, _DIGITS_SHA256, "Install the package again.")
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        images, labels, order = file["images"], file["labels"], file["order"]
    rows = np.split(order, [896, 1296])
    train, validation, test = (_split(images[r], labels[r], 16, kind, flat) for r in rows)
    return Dataset(
        "digits",
        train,
        validation,
        test,
        classes=tuple("0123456789"),
        image_shape=(1, 8, 8),
        license="CC BY 4.0",
        source="E. Alpaydin, C. Kaynak (1998), Optical Recognition of Handwritten Digits, UCI",
    )


def _mnist_like(name: str, about: _Idx, kind: np.dtype[Any], flat: bool) -> Dataset:
    arrays: list[tuple[Raw, Raw]] = []
    for (images, labels), n in zip(_FILES, about.sizes, strict=True):
        arrays.append(
            (
                _read_idx(name, about, images, (n, about.side, about.side)),
                _read_idx(name, about, labels, (n,)),
            )
        )
    (x, y), (x_test, y_test) = arrays
    cut = len(x) - about.n_validation
    return Dataset(
        name,
        train=_split(x[:cut], y[:cut], 255, kind, flat),
        validation=_split(x[cut:], y[cut:], 255, kind, flat),
        test=_split(x_test, y_test, 255, kind, flat),
        classes=about.classes,
        image_shape=(1, about.side, about.side),
        license=about.license,
        source=about.source,
    )


def _read_idx(name: str, about: _Idx, file: str, shape: tuple[int, ...]) -> Raw:
    path = _find(name, about, file)
    content = verified(path, about.sums[file], "Delete it and load again.")
    try:
        return _parse_idx(gzip.decompress(content), file, shape)
    except (OSError, EOFError, zlib.error) as error:
        checks.fail(file, "a complete gzip file", str(error))


def verified(path: Path, sha256: str, fix: str) -> bytes:
    """The content of a file that is what it claims to be."""
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        checks.fail(str(path), f"the file with sha256 {sha256}", f"sha256 {found}", fix)
    return content


def _parse_idx(content: bytes, file: str, shape: tuple[int, ...]) -> Raw:
    """The bytes of an idx file: magic number, one big-endian size an axis, then the values."""
    magic, header = bytes((0, 0, 8, len(shape))), 4 + 4 * len(shape)
    if content[:4] != magic:
        checks.fail(f"magic number of {file}", magic.hex(), content[:4].hex())
    if len(content) != header + math.prod(shape):
        checks.fail(f"length of {file}", f"{header + math.prod(shape)} bytes", len(content))
    sizes = struct.unpack(f">{len(shape)}I", content[4:header])
    if sizes != shape:
        checks.fail(f"shape of {file}", str(shape), sizes)
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def _pooch() -> Any:
    try:
        import pooch
    except ImportError:
        fix = "Install it, or set DLCOURSE_DATA to a folder with the files."
        checks.fail("pooch", "installed to find or fill the cache", None, fix, ModuleNotFoundError)
    return pooch


def _cache_folder(name: str) -> Path:
    return Path(_pooch().os_cache("dlcourse")) / name


def _find(name: str, about: _Idx, file: str) -> Path:
    """``DLCOURSE_DATA`` first, then the cache, then a download into the cache."""
    named = os.environ.get("DLCOURSE_DATA", "")
    if named:
        folder = Path(named).expanduser()
        if not folder.is_dir():
            checks.fail("DLCOURSE_DATA", "an existing folder", named, error=FileNotFoundError)
        if (folder / name / file).is_file():
            return folder / name / file
    cached = _cache_folder(name) / file
    return cached if cached.is_file() else _download(name, about, cached)


def _download(name: str, about: _Idx, target: Path) -> Path:
    """Into a temporary file that takes the target's name only when the checksum is right."""
    reasons = []
    for mirror in about.mirrors:
        try:
            _pooch().retrieve(
                mirror + target.name,
                known_hash=f"sha256:{about.sums[target.name]}",
                fname=target.name,
                path=target.parent,
            )
            return target
        except (OSError, ValueError) as error:  # no network, refused, or the wrong content
            reasons.append(f"{mirror}: {type(error).__name__}")
    _not_found(name, target, reasons)


def _not_found(name: str, target: Path, reasons: list[str]) -> NoReturn:
    where = "in DLCOURSE_DATA, in the cache or downloadable"
    fix = (
        f"Three ways out: set DLCOURSE_DATA to a folder with {name}/{target.name} and the other "
        f"three files; or copy the four files to {target.parent}; or load again with a network "
        f'(tried {"; ".join(reasons)}). load("digits") needs no file.'
    )
    got = "no file and no download"
    checks.fail(f"{name} file {target.name}", where, got, fix, FileNotFoundError)
