"""What the sliders of chapter 6 draw."""
