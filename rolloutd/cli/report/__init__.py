"""``rolloutd report``: a run on paper, for a change ticket."""
