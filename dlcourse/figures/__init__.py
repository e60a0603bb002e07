"""The figures that answer sliders: a folder a chapter, a file a lesson, a function a figure."""
