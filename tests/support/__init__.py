"""What the end-to-end tests are written with; see project.py."""
