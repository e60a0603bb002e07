"""The moving picture of the first page: what it says is what was walked."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np

from dlcourse.figures import front

SVG = "{http://www.w3.org/2000/svg}"


def test_both_walks_end_near_the_minimum_and_start_alike() -> None:
    paths = front.walks()
    assert np.array_equal(paths["sgd"][0], paths["momentum"][0])
    for path in paths.values():
        left = np.linalg.norm(path, axis=-1) / np.linalg.norm(path[0])
        assert left[-1] <= 1e-3 < left[-2]


def test_the_words_are_the_counts() -> None:
    svg, alt = front.front_picture()
    counts = {name: len(path) - 1 for name, path in front.walks().items()}
    said = [text.text for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]
    ball, alone = counts["momentum"], counts["sgd"]
    assert said[0] == f"One remembered vector: {ball} steps in place of {alone}"
    assert str(counts["sgd"]) in alt and str(counts["momentum"]) in alt
    assert 5 * counts["momentum"] < counts["sgd"]


def frames(svg: str, name: str) -> np.ndarray:
    rule = re.search(rf"@keyframes {name}\{{(.*?)\}}\}}", svg)
    assert rule
    stops = re.findall(r"([\d.]+)%\{stroke-dashoffset:([\d.]+)", rule[1])
    return np.array(stops, float)


def test_each_step_takes_the_same_time_in_both() -> None:
    svg, _ = front.front_picture()
    paces = {}
    for name, path in front.walks().items():
        times, left = frames(svg, name).T
        assert len(times) == len(path) + 1  # the start, every step, the end of the pause
        assert (np.diff(left) <= 0).all() and (np.diff(times) > 0).all()
        paces[name] = np.diff(times[:-1])
        assert np.allclose(paces[name], paces[name][0], atol=0.011)
    assert np.isclose(paces["sgd"].mean(), paces["momentum"].mean(), rtol=1e-3)


def test_who_asks_for_less_motion_sees_whole_lines() -> None:
    svg, _ = front.front_picture()
    assert "prefers-reduced-motion:reduce" in svg
    assert "stroke-dashoffset:0}" in svg.split("@keyframes")[0]
