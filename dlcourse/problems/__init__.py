"""What methods are tried on: problems small enough that theory knows the answer."""

from dlcourse.problems.noise import noisy_walk
from dlcourse.problems.quadratics import (
    Quadratic,
    gradient_descent_optimum,
    heavy_ball_optimum,
    momentum_matrix,
    steps_to,
    walk,
)
from dlcourse.problems.recurrent import one_unit
from dlcourse.problems.songs import song_influence, song_loss, song_network
from dlcourse.problems.starts import he_network
from dlcourse.problems.terrains import SADDLE, TERRAINS, VALLEY, Terrain, arrival, well, well_grad

__all__ = [
    "SADDLE",
    "TERRAINS",
    "VALLEY",
    "Quadratic",
    "Terrain",
    "arrival",
    "gradient_descent_optimum",
    "he_network",
    "heavy_ball_optimum",
    "momentum_matrix",
    "noisy_walk",
    "one_unit",
    "song_influence",
    "song_loss",
    "song_network",
    "steps_to",
    "walk",
    "well",
    "well_grad",
]
