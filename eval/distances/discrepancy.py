"""How well a linear classifier tells two datasets apart: the empirical discrepancy 2 (1 - 2 e) of Ben-David et al. 2010.

e is the classifier's error on held-out pictures ("A theory of learning from different domains", section 4, there the
proxy of the divergence between domains). 0: it guesses, so for a linear eye on these features the sets are one; 2: it
is never wrong. Values a little below 0 are chance.

The classifier is logistic regression (scikit-learn) on features of mean 0 and deviation 1. All vectors of one group (a
picture, or a stretch of a clip) are held out together: one person in two neighbouring frames, one of them learned,
would tell the sets apart by who is in them.
"""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from eval.distances.jackknife import Estimate

FOLDS = 5
DRAWS = 1000
"""Bootstrap draws of groups for the interval."""
_STRENGTH = 0.1  # scikit-learn's C: an inverse penalty; there are usually more features than vectors.


def discrepancy(
    features: np.ndarray,
    reference: np.ndarray,
    groups: np.ndarray,
    reference_groups: np.ndarray,
    rng: np.random.Generator,
) -> Estimate | None:
    """2 (1 - 2 e) of features (n, d) and reference (m, d), with its 95 % interval by bootstrap over groups.

    groups (n,), reference_groups (m,): labels of one kind (all numbers or all strings); vectors of equal labels, also
    in different sets, are held out together. e is the mean of the two sets' errors, so unequal numbers do not count.
    None where a set has fewer than two groups: nothing of it could be held out.
    """
    labels = np.repeat([0, 1], [len(features), len(reference)])
    together = np.concatenate([groups, reference_groups])
    wrong = _held_out_errors(np.concatenate([features, reference]), labels, together, rng)
    if wrong is None:
        return None
    value = _discrepancy(wrong[labels == 0].mean(), wrong[labels == 1].mean())
    drawn = _drawn(wrong, labels, together, rng)
    low, high = np.percentile(drawn, (2.5, 97.5))
    return Estimate(float(value), float(low), float(high))


def _discrepancy(error: np.ndarray, reference_error: np.ndarray) -> np.ndarray:
    return 2.0 * (1.0 - (error + reference_error))


def _held_out_errors(
    vectors: np.ndarray, labels: np.ndarray, groups: np.ndarray, rng: np.random.Generator
) -> np.ndarray | None:
    """(n,) 1 where the classifier of the other folds is wrong, else 0; None if the groups cannot be divided."""
    fewest = min(len(np.unique(groups[labels == label])) for label in (0, 1))
    if fewest < 2:
        return None
    folds = StratifiedGroupKFold(min(FOLDS, fewest), shuffle=True, random_state=int(rng.integers(2**31)))
    wrong = np.zeros(len(labels))
    for learned, held_out in folds.split(vectors, labels, groups):
        if len(np.unique(labels[learned])) < 2:
            return None
        classifier = make_pipeline(StandardScaler(), LogisticRegression(C=_STRENGTH, max_iter=1000))
        classifier.fit(vectors[learned], labels[learned])
        wrong[held_out] = classifier.predict(vectors[held_out]) != labels[held_out]
    return wrong


def _drawn(wrong: np.ndarray, labels: np.ndarray, groups: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(draws,) discrepancy over groups drawn with repetition, from each set as many as it has."""
    errors = []
    for label in (0, 1):
        _, ranks = np.unique(groups[labels == label], return_inverse=True)
        sizes, faults = np.bincount(ranks), np.bincount(ranks, weights=wrong[labels == label])
        drawn = rng.integers(0, len(sizes), size=(DRAWS, len(sizes)))
        errors.append(faults[drawn].sum(axis=1) / sizes[drawn].sum(axis=1))
    return _discrepancy(*errors)
