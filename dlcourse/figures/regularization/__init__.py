"""What the sliders of chapter 7 draw."""
