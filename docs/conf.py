"""How `make docs` builds the pages."""

project = "chainrule"
copyright = "2026, the chainrule developers"
extensions = ["myst_parser", "numpydoc", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.mathjax"]
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence"]
myst_heading_anchors = 3
numpydoc_show_class_members = False
autosummary_generate = True
html_theme = "furo"
exclude_patterns = ["_build"]
html_title = "chainrule"
