"""Many texts in one job: nothing that is wrong with one of them stops it, and it goes on where it was interrupted."""
