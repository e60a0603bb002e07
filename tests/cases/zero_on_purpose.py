"""Probes whose right answer is zero somewhere because zero is the point.

Each with the mistakes that it is there for.
"""

EVERY_PENALTY = ("bias", "bias_value", "mean", "exchanged", "sign")
L2_WRONG = ("two", "no_half", "root")


def of(exercise: str, *mistakes: str) -> set[str]:
    """The mistakes of one exercise, by their ids."""
    return {f"{exercise}/{mistake}" for mistake in mistakes}


ZERO_ON_PURPOSE = {
    ("six_step_tuning", "nobody learns"): of(
        "six_step_tuning", "log10", "one_over_k", "linear", "open_end", "risen"
    ),
    ("gp_ei", "a function that is known to be 0"): of(
        "gp_ei", "max", "pdf_cdf", "observed", "not_scaled"
    ),
    ("clipping", "all zero"): of("clipping", "nan"),
    ("elastic_net", "both penalties"): of("elastic_net", *EVERY_PENALTY, *L2_WRONG, "size"),
    ("elastic_net", "L2 alone"): of("elastic_net", *EVERY_PENALTY, *L2_WRONG),
    ("elastic_net", "L1 alone"): of("elastic_net", *EVERY_PENALTY, "size"),
    ("elastic_net", "nothing but biases"): of("elastic_net", "bias", "bias_value"),
    ("elastic_net", "weights of exactly zero"): of(
        "elastic_net", *EVERY_PENALTY, *L2_WRONG, "size", "zero"
    ),
    ("early_stopping", "a slow way down from a peak"): of(
        "early_stopping", "early", "late", "previous", "last"
    ),
    ("early_stopping", "no number from the start"): of(
        "early_stopping", "early", "late", "last", "nan"
    ),
    ("drop_block", "nothing is left"): of("drop_block", "corner", "centered", "inverse", "empty"),
}
