"""Quasi-random search: points that fill the cube more evenly than chance does."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.scratch.hpo.search import Search
from dlcourse.scratch.hpo.space import Space, from_unit

BITS = 30  # a coordinate of Sobol' is a multiple of 2^-30, as in SciPy
DIMENSIONS = 64


class QuasiRandom(Search):
    r"""Draw trials from a sequence whose every stretch covers the unit cube evenly.

    Parameters
    ----------
    kind : "sobol", for at most 64 parameters, or "halton"
    rng : scrambles the sequence so that two runs differ and each is as even; None, the default,
        takes the plain one, whose first trial lies in the lower corner

    Notes
    -----
    The first 2ᵐ trials of Sobol' put exactly one in each of 2ᵐ equal slices of every parameter; of
    random ones about a third of the slices stay empty. Stop at a power of two. What is lost where
    choices open spaces: the columns of inactive parameters are drawn for nothing.

    Examples
    --------
    >>> from dlcourse.scratch.hpo import Float
    >>> search = QuasiRandom({"x": Float(0, 1), "y": Float(0, 1)})
    >>> [tuple(search.ask().params.values()) for _ in range(4)]
    [(0.0, 0.0), (0.5, 0.5), (0.75, 0.25), (0.25, 0.75)]

    References
    ----------
    Sobol' (1967). Joe and Kuo (2008): the direction numbers. Owen (2017): the scrambled Halton.
    """

    def __init__(
        self, space: Space, kind: str = "sobol", rng: np.random.Generator | None = None
    ) -> None:
        super().__init__(space, rng)
        self.kind = checks.choice("kind", kind, ("sobol", "halton"))
        if kind == "sobol" and len(self.parameters) > DIMENSIONS:
            constraint = f"of at most {DIMENSIONS} parameters for Sobol'"
            checks.fail("space", constraint, len(self.parameters), 'Take kind="halton".')
        self.load_state_dict({"seed": None if rng is None else int(rng.integers(2**62))})

    def suggest(self) -> dict[str, Any]:
        """The point at the place of the next trial's number."""
        i, d = len(self.trials), len(self.parameters)
        if self.kind == "sobol":
            return from_unit(self.parameters, sobol(i, d, self._scrambling))
        return from_unit(self.parameters, halton(i, d, self._scrambling))

    def signature(self) -> str:
        """The two sequences are two searches."""
        return f"QuasiRandom({self.kind})"

    def state_dict(self) -> dict[str, Any]:
        """The seed of the scrambling; the place is the number of trials."""
        return {"seed": self._seed}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on with that sequence."""
        self._seed, d = state["seed"], len(self.parameters)
        rng = None if self._seed is None else np.random.default_rng(self._seed)
        self._scrambling: Any = None
        if rng is not None:
            sobol_ = self.kind == "sobol"
            self._scrambling = rng.integers(2**BITS, size=d) if sobol_ else draw_digits(d, rng)


def sobol(index: int, d: int, shift: Array | None = None) -> Array:
    r"""Point ``index`` of the Sobol' sequence in d dimensions.

    .. math:: x_{n,j} = 2^{-30} \bigoplus_{k \,:\, g_k = 1} v_{j,k} \oplus s_j, \qquad
              g = n \oplus \lfloor n / 2 \rfloor

    Symbols
    -------
    n ``index`` · g its Gray code, bits g₀ g₁ … · v direction numbers · s ``shift``, (d,) integers
    below 2³⁰ (a digital shift) · ⊕ bit by bit, exclusive or

    Examples
    --------
    >>> sobol(3, 2), sobol(5, 2)
    (array([0.25, 0.75]), array([0.875, 0.875]))
    """
    if index >= 2**BITS:
        checks.fail("index", "below 2**30, where Sobol' ends", index)
    gray = index ^ (index >> 1)
    bits = [k for k in range(gray.bit_length()) if gray >> k & 1]
    x = np.bitwise_xor.reduce(direction_numbers()[:d, bits], axis=1)
    return (x if shift is None else x ^ shift) / 2**BITS


@functools.cache
def direction_numbers() -> Array:
    r"""The numbers v, (64, 30), from the table of primitive polynomials.

    .. math:: m_k = 2 a_1 m_{k-1} \oplus \dots \oplus 2^{s-1} a_{s-1} m_{k-s+1} \oplus
              2^s m_{k-s} \oplus m_{k-s}, \qquad v_k = m_k\, 2^{30-k}

    A row of the table has the degree s, the bits of a as one number, and the first s of the m; the
    first dimension, of which all m are 1, has no row. Joe and Kuo (2008), equations 2 and 3.
    """
    found = [[1] * BITS]
    for row in TABLE.strip().splitlines():
        s, a, *m = map(int, row.split())
        for k in range(s, BITS):
            new = m[k - s] ^ (m[k - s] << s)
            for i in range(1, s):
                new ^= (a >> (s - 1 - i) & 1) * m[k - i] << i
            m.append(new)
        found.append(m)
    return np.array(found) << np.arange(BITS - 1, -1, -1)


def halton(index: int, d: int, permutations: list[Array] | None = None) -> Array:
    r"""Point ``index`` of the Halton sequence: its digits mirrored at the point, in d prime bases.

    .. math:: n = \sum_k c_k\, b_j^k \quad\Rightarrow\quad
              x_{n,j} = \sum_k \pi_{j,k}(c_k)\, b_j^{-k-1}

    Symbols
    -------
    n ``index`` · b the primes 2, 3, 5, ... · c digits · π ``permutations``, one (digits, b) a base

    Examples
    --------
    >>> halton(5, 2)  # 101 and 12
    array([0.625     , 0.77777778])
    """
    bases = primes(d)
    return np.array(
        [
            mirrored(index, b, None if permutations is None else permutations[j])
            for j, b in enumerate(bases)
        ]
    )


def mirrored(index: int, base: int, permutations: Array | None) -> float:
    """The digits of a number behind the point, the last one first, each permuted."""
    x, scale = 0.0, 1.0
    for k in range(_digits(base)):
        scale /= base
        index, digit = divmod(index, base)
        x += scale * (digit if permutations is None else permutations[k, digit])
    return min(x, math.nextafter(1.0, 0.0))


def draw_digits(d: int, rng: np.random.Generator) -> list[Array]:
    """A permutation of the digits for every place, in each of the first d prime bases."""
    return [rng.permuted(np.tile(np.arange(b), (_digits(b), 1)), axis=1) for b in primes(d)]


def _digits(base: int) -> int:
    return math.ceil(53 / math.log2(base))


def primes(count: int) -> list[int]:
    """The first so many prime numbers.

    Examples
    --------
    >>> primes(6)
    [2, 3, 5, 7, 11, 13]
    """
    found: list[int] = []
    n = 2
    while len(found) < count:
        if all(n % p for p in found):
            found.append(n)
        n += 1
    return found


# s a m_1 ... m_s for the dimensions from 2 to 64: new-joe-kuo-6.21201 of Stephen Joe, Frances Kuo.
TABLE = """
1 0 1
2 1 1 3
3 1 1 3 1
3 2 1 1 1
4 1 1 1 3 3
4 4 1 3 5 13
5 2 1 1 5 5 17
5 4 1 1 5 5 5
5 7 1 1 7 11 19
5 11 1 1 5 1 1
5 13 1 1 1 3 11
5 14 1 3 5 5 31
6 1 1 3 3 9 7 49
6 13 1 1 1 15 21 21
6 16 1 3 1 13 27 49
6 19 1 1 1 15 7 5
6 22 1 3 1 15 13 25
6 25 1 1 5 5 19 61
7 1 1 3 7 11 23 15 103
7 4 1 3 7 13 13 15 69
7 7 1 1 3 13 7 35 63
7 8 1 3 5 9 1 25 53
7 14 1 3 1 13 9 35 107
7 19 1 3 1 5 27 61 31
7 21 1 1 5 11 19 41 61
7 28 1 3 5 3 3 13 69
7 31 1 1 7 13 1 19 1
7 32 1 3 7 5 13 19 59
7 37 1 1 3 9 25 29 41
7 41 1 3 5 13 23 1 55
7 42 1 3 7 3 13 59 17
7 50 1 3 1 3 5 53 69
7 55 1 1 5 5 23 33 13
7 56 1 1 7 7 1 61 123
7 59 1 1 7 9 13 61 49
7 62 1 3 3 5 3 55 33
8 14 1 3 1 15 31 13 49 245
8 21 1 3 5 15 31 59 63 97
8 22 1 3 1 11 11 11 77 249
8 38 1 3 1 11 27 43 71 9
8 47 1 1 7 15 21 11 81 45
8 49 1 3 7 3 25 31 65 79
8 50 1 3 1 1 19 11 3 205
8 52 1 1 5 9 19 21 29 157
8 56 1 3 7 11 1 33 89 185
8 67 1 3 3 3 15 9 79 71
8 70 1 3 7 11 15 39 119 27
8 84 1 1 3 1 11 31 97 225
8 97 1 1 1 3 23 43 57 177
8 103 1 3 7 7 17 17 37 71
8 115 1 3 1 5 27 63 123 213
8 122 1 1 3 5 11 43 53 133
9 8 1 3 5 5 29 17 47 173 479
9 13 1 3 3 11 3 1 109 9 69
9 16 1 1 1 5 17 39 23 5 343
9 22 1 3 1 5 25 15 31 103 499
9 25 1 1 1 11 11 17 63 105 183
9 44 1 1 5 11 9 29 97 231 363
9 47 1 1 5 15 19 45 41 7 383
9 52 1 3 7 7 31 19 83 137 221
9 55 1 1 1 3 23 15 111 223 83
9 59 1 1 5 13 31 15 55 25 161
9 62 1 1 3 13 25 47 39 87 257
"""
