"""How Sphinx builds these pages: `python -m sphinx -W --keep-going docs build/docs`."""

project = "pytest-asyncbench"
copyright = "the pytest-asyncbench developers"
extensions = ["myst_parser"]
html_theme = "furo"
html_title = project
exclude_patterns = ["examples"]

myst_heading_anchors = 3  # what `page.md#a-heading` leads to, as on GitHub; one that is missing is a warning
nitpicky = True
