"""Generated extraction tasks with gold values: families of schemas times styles of text, split by both."""
