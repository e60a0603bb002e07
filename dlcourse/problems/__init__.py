"""What methods are tried on: problems small enough that theory knows the answer."""

from dlcourse.problems.characters import (
    Characters,
    attention_model,
    census,
    folded,
    group_loss,
    load_characters,
    recurrent_model,
)
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
from dlcourse.problems.songs import song_fall, song_influence, song_loss, song_network
from dlcourse.problems.starts import he_network
from dlcourse.problems.terrains import SADDLE, TERRAINS, VALLEY, Terrain, arrival, well, well_grad
from dlcourse.problems.valleys import Valleys
from dlcourse.problems.words import (
    Words,
    draw_labels,
    draw_messages,
    excess_loss,
    word_slope,
)

__all__ = [
    "SADDLE",
    "TERRAINS",
    "VALLEY",
    "Characters",
    "Quadratic",
    "Terrain",
    "Valleys",
    "Words",
    "arrival",
    "attention_model",
    "census",
    "draw_labels",
    "draw_messages",
    "excess_loss",
    "folded",
    "gradient_descent_optimum",
    "group_loss",
    "he_network",
    "heavy_ball_optimum",
    "load_characters",
    "momentum_matrix",
    "noisy_walk",
    "one_unit",
    "recurrent_model",
    "song_fall",
    "song_influence",
    "song_loss",
    "song_network",
    "steps_to",
    "walk",
    "well",
    "well_grad",
    "word_slope",
]
