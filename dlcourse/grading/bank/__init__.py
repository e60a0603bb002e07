"""The exercises: a folder a chapter, a file an exercise, named by its id."""
