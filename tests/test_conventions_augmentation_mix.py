"""Conventions of mixing, hiding, policies and text: ours, and the other form, which differs."""

import numpy as np
import torch
from numpy.testing import assert_allclose, assert_array_equal
from oracles import torchvision

from dlcourse.scratch.augmentation import (
    OPERATIONS,
    cutmix,
    cutout,
    draw_box,
    draw_mix,
    mixup,
    rand_augment,
    random_erasing,
    synonym_replacement,
)


def test_lam_is_the_weight_of_the_sample_itself():
    rng = np.random.default_rng(0)
    x, y, partner = rng.normal(size=(4, 3)), np.eye(4), np.array([1, 2, 3, 0])
    a, b = mixup(x, y, 0.2, partner)
    assert_allclose(np.diag(b), 0.2)
    assert_allclose(a, 0.2 * x + 0.8 * x[partner])
    larger = mixup(x, y, max(0.2, 1 - 0.2), partner)
    assert abs(a - larger[0]).max() > 0.1
    lam = np.array([draw_mix(4, 1.0, rng)[0] for _ in range(2000)])
    assert abs(lam.mean() - 0.5) < 0.03
    assert abs(np.maximum(lam, 1 - lam).mean() - 0.75) < 0.03
    assert draw_mix(4, 1.0, rng, each=True)[0].shape == (4,)


def test_partners_are_a_permutation_and_torchvisions_the_neighbours():
    rng = np.random.default_rng(1)
    partners = np.stack([draw_mix(5, 1.0, rng)[1] for _ in range(500)])
    assert_array_equal(np.sort(partners), np.tile(np.arange(5), (500, 1)))
    assert 0.15 < (partners == np.arange(5)).mean() < 0.25
    torchvision()
    from torchvision.transforms import v2

    x = torch.arange(5.0)[:, None, None, None].expand(5, 1, 2, 2)
    torch.manual_seed(0)
    _, labels = v2.MixUp(num_classes=5)(x, torch.arange(5))
    assert ((labels > 0).sum(1) == 2).all()
    assert_array_equal(labels[torch.arange(5), (torch.arange(5) - 1) % 5] > 0, True)


def test_the_label_of_cutmix_counts_the_pixels_that_are_seen():
    x = np.arange(2.0)[:, None, None, None] * np.ones((2, 1, 8, 8))
    for place, seen in (((4, 4), 16 / 64), ((0, 0), 4 / 64), ((0, 4), 8 / 64)):
        mixed, labels = cutmix(x, np.eye(2), 0.75, np.array([1, 0]), *place)
        assert mixed[0].mean() == labels[0, 1] == seen
    assert labels[0, 1] != 1 - 0.75
    mixed, labels = cutmix(x, np.eye(2), 0.5, np.array([1, 0]), 0, 0)
    assert labels[0, 1] < 0.5 / 4 + 1e-12  # half of the image, of which the corner keeps a quarter


def test_the_box_of_cutmix_has_even_sides():
    x = np.arange(2.0)[:, None, None, None] * np.ones((2, 1, 8, 8))
    for lam in np.linspace(0, 1, 41):
        mixed, _ = cutmix(x, np.eye(2), lam, np.array([1, 0]), 4, 4)
        rows = np.flatnonzero(mixed[0, 0].any(1))
        side = int(8 * np.sqrt(1 - lam))
        assert len(rows) == 2 * (side // 2)
        assert not len(rows) or (rows[0], rows[-1]) == (4 - side // 2, 3 + side // 2)
    mixed, _ = cutmix(x, np.eye(2), 0.5, np.array([1, 0]), 4, 4)
    assert int(8 * 0.5**0.5) == 5
    assert mixed[0].sum() == 16


def test_the_size_of_cutout_is_the_full_side_and_the_border_clips_it():
    x = np.ones((2, 9, 9))
    for size in range(10):
        assert (cutout(x, 4, 4, size) == 0).sum() == 2 * size**2
    assert (cutout(x, 0, 0, 4) == 0).sum() == 2 * 4  # inside it would be 16 a channel
    assert_array_equal(cutout(x, 4, 4, 3)[0], cutout(x, 4, 4, 3)[1])


def test_a_box_that_does_not_fit_is_given_up_after_ten():
    params = torchvision().transforms.RandomErasing.get_params
    x = np.random.default_rng(0).random((300, 1, 8, 8))
    box = draw_box(x.shape, np.random.default_rng(1), (0.7, 1.0), (0.5, 2.0))
    hit = (random_erasing(x, box) != x).any((1, 2, 3))
    torch.manual_seed(0)
    theirs = [params(torch.tensor(x[0]), (0.7, 1.0), (0.5, 2.0), [0.0])[2:4] for _ in range(300)]
    given_up = np.array([h == w == 8 for h, w in theirs])  # the image in its own place
    assert 0 < (~hit).mean() < 1
    assert abs((~hit).mean() - given_up.mean()) < 4 * (0.5 / 300) ** 0.5


def test_each_image_has_operations_of_its_own():
    x = np.tile(np.random.default_rng(0).random((1, 1, 28, 28)), (16, 1, 1, 1))
    ours = rand_augment(x, 2, 15, np.random.default_rng(1))
    assert len({one.tobytes() for one in ours}) > 10
    torch.manual_seed(1)
    grey = torch.tensor(np.round(x * 255).astype(np.uint8))
    theirs = torchvision().transforms.RandAugment(2, 15)(grey)
    assert len({one.numpy().tobytes() for one in theirs}) == 1


def test_a_policy_shears_about_the_centre():
    x = np.zeros((1, 1, 29, 29))
    x[..., 14] = 1  # a line down the middle
    y = OPERATIONS["shear_x"].apply(x, np.array([0.3]))
    assert y[0, 0, 14, 14] == 1
    auto = torchvision().transforms.autoaugment
    nearest = torchvision().transforms.InterpolationMode.NEAREST
    theirs = auto._apply_op(torch.tensor(x[0]), "ShearX", 0.3, nearest, None)[0].numpy()
    assert theirs[0].argmax() == 14
    assert 4 <= abs(int(theirs[14].argmax()) - 14) <= 5
    moved = abs(y[0, 0].argmax(1) - theirs.argmax(1))[2:-9]
    assert set(moved.tolist()) <= {4, 5}  # the same shear, shifted


def test_places_are_replaced_and_not_all_occurrences_of_a_word():
    words, rng = ["a", "big", "cat", "and", "a", "big", "dog"], np.random.default_rng(0)
    for _ in range(50):
        out = synonym_replacement(words, 1, {"big": ["large", "huge"]}, rng)
        assert out.count("big") == 1  # in the authors' code none would be left
    both = [synonym_replacement(words, 2, {"big": ["large", "huge"]}, rng) for _ in range(50)]
    assert any(out[1] != out[5] for out in both)
