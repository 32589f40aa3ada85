"""Which packages there are: those under src, and the grammars, which lie in a folder of their own at the top."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages("src"), "latticework.grammars"],
    package_dir={"": "src", "latticework.grammars": "grammars"},
)
