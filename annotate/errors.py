"""The two ways in which plafond stops: the input is at fault (exit status 2) or the work failed (exit status 1)."""


class PlafondError(Exception):
    """A failure that a person can read: what happened, where, and what to do. The command line exits with 1."""

    exit_status = 1


class InputError(PlafondError):
    """Bad input: what was found, what was expected and what to do, naming file and field. Exits with 2."""

    exit_status = 2


class SceneRejected(PlafondError):
    """A sampled scene could not be completed (no free place, say); the sampler tries the next draw."""
