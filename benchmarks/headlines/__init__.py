"""The headline experiments of five papers, each at the size of a CPU: one command each.

    python -m benchmarks.headlines.depth      # He's start against Xavier's, by depth
    python -m benchmarks.headlines.batchnorm  # steps to an accuracy, with and without
    python -m benchmarks.headlines.dropout    # test errors without, with, and with it on the pixels
    python -m benchmarks.headlines.batch      # a tenth of the data as batch against few images
    python -m benchmarks.headlines.warmup     # a large batch at the scaled rate, warmed up or not

MNIST and Fashion-MNIST are read from the folder that ``DLCOURSE_DATA`` names, or downloaded.
``--store`` writes the outcome into ``benchmarks/headlines/results``, from which the book's page is
made. ``--full`` runs all images and wider networks, for which one wants a GPU, ``--device cuda``;
``--tiny`` takes seconds, on the digits of the package, and shows only that the command runs.
"""
