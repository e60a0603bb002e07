"""A plugin of pytest: one execution of a lesson serves every comparison there is.

nbval runs the cells and compares what they print. With ``-p tools.rerun`` its kernel is that which
wrote the lesson, but computes as another processor would; after each cell figures and the records
of claims are held against the stored ones, after the last the state of the widgets.

OpenBLAS chooses its kernels, and NumPy its loops, by the processor they find; both can be told to
find a lesser one. The last digits change then, and a lesson must not show them.
``DLCOURSE_PROCESSOR`` names the processor, a key of ``PROCESSORS``.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from typing import Any
from unittest import mock

import nbval.kernel
import numpy as np
import pytest
from nbclient import NotebookClient
from nbval.plugin import IPyNbCell
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

from tools.lesson_differences import output_differences, widget_differences
from tools.notebooks import ENVIRONMENT, SETUP, folder, meeting
from tools.stored import code_cells


def openblas() -> bool:
    """Whether NumPy's products are OpenBLAS on x86, whose kernels have these names."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]["name"]
    return "openblas" in blas and bool(__cpu_features__.get("SSE2"))


def without_avx512() -> dict[str, str]:
    """Switches off what of this NumPy needs AVX-512 and is in use on this processor."""
    names = [name for name in __cpu_dispatch__ if name.startswith("AVX512") or name == "X86_V4"]
    used = [name for name in names if __cpu_features__.get(name)]
    return {"NPY_DISABLE_CPU_FEATURES": " ".join(used)} if used else {}


# The one that is there; one of ten years ago, loops and products alike; products of one of twenty
# years ago, which are slow.
PROCESSORS: dict[str, dict[str, str]] = {
    "native": {},
    "haswell": {"OPENBLAS_CORETYPE": "Haswell", **without_avx512()} if openblas() else {},
    "prescott": {"OPENBLAS_CORETYPE": "Prescott"} if openblas() else {},
}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[Any]:
    """Before the first cell nbval starts the kernel: in our surroundings, and listened to."""
    if not isinstance(item, IPyNbCell) or item.parent.kernel is not None:
        return (yield)
    home, place = folder(), folder()
    processor = PROCESSORS[os.environ.get("DLCOURSE_PROCESSOR", "haswell")]
    manager = functools.partial(nbval.kernel.KernelManager, **meeting(place.name))
    with (
        mock.patch.dict(os.environ, {**ENVIRONMENT, **processor, "DLCOURSE_HOME": home.name}),
        mock.patch.object(nbval.kernel, "KernelManager", manager),
    ):
        done = yield
    item.parent.addfinalizer(home.cleanup)
    item.parent.addfinalizer(place.cleanup)
    kernel = item.parent.kernel
    kernel.await_idle(kernel.execute_cell_input(SETUP), timeout=60)
    item.parent.widgets = NotebookClient(item.parent.nb.copy())
    item.parent.get_kernel_message = _listening(item.parent)
    return done


def _listening(notebook: Any) -> Any:
    """``get_kernel_message``, which also hears what widgets say."""
    plain = notebook.get_kernel_message

    def get_kernel_message(*args: Any, **kwargs: Any) -> Any:
        message = plain(*args, **kwargs)
        if message["msg_type"].startswith("comm"):
            notebook.widgets.handle_comm_msg([], message, 0)
        return message

    return get_kernel_message


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[Any]:
    """After a cell whose text is the same: the rest of it."""
    done = yield
    if isinstance(item, IPyNbCell) and (found := list(_differences(item))):
        item.raise_cell_error("Cell outputs differ", "\n".join(found))
    return done


def _differences(item: Any) -> Iterator[str]:
    notebook = item.parent.nb
    for old, new in zip(item.cell.outputs, item.test_outputs, strict=True):
        yield from output_differences(old, new)
    if item.cell is list(code_cells(notebook))[-1]:
        fresh = item.parent.widgets
        fresh.nb.metadata = type(notebook)()
        fresh.set_widgets_metadata()
        yield from widget_differences(notebook, fresh.nb)
