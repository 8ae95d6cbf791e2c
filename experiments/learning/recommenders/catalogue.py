"""What answering needs beyond the scorer: who is known, what they have seen, what things are called, what is popular.

Kept as flat arrays in one file beside the model, so that it is mapped like the model and costs a process nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.learning.data.interactions import FloatArray, IntArray, Interactions
from experiments.learning.data.splits import Split
from experiments.learning.recommenders.scorers.errors import ScorerError, require_codes, require_shape

FORMAT = "1"


class Texts(Sequence[str]):
    """Texts end to end as UTF-8: text i is ``content[start[i]:start[i + 1]]``. Sorted ones are found by halving."""

    def __init__(self, name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        start, content = arrays[f"{name}_start"], arrays[f"{name}_text"]
        require_shape(f"{name}_start", start, (None,))
        require_shape(f"{name}_text", content, (None,))
        if start.dtype != np.int64 or content.dtype != np.uint8:
            raise ScorerError(f"{name} is of {start.dtype} and {content.dtype}; accepted: int64 and uint8.")
        _require_positions(f"{name}_start", start, len(content))
        self._arrays = {f"{name}_start": start, f"{name}_text": content}
        # Views of the same memory whose single elements are cheaper to read than those of an array.
        self._start, self._content = memoryview(start.data), memoryview(content.data)

    @classmethod
    def packed(cls, name: str, texts: Sequence[str]) -> Texts:
        """Raises ScorerError for text that is no Unicode (half of a surrogate pair)."""
        try:
            encoded = [str(text).encode() for text in texts]
        except UnicodeEncodeError as error:
            raise ScorerError(f"{name} holds {error.object[:40]!r}; accepted: text of Unicode characters.") from error
        start = np.zeros(len(encoded) + 1, np.int64)
        np.cumsum([len(each) for each in encoded], out=start[1:])
        return cls(name, {f"{name}_start": start, f"{name}_text": np.frombuffer(b"".join(encoded), np.uint8)})

    def __len__(self) -> int:
        return len(self._start) - 1

    def __getitem__(self, at: Any) -> Any:
        return self._bytes(at).decode()

    def _bytes(self, at: int) -> bytes:
        return bytes(self._content[self._start[at] : self._start[at + 1]])

    def find(self, text: str) -> int | None:
        """The place of ``text`` among sorted ones, None where it is not there. UTF-8 sorts as code points do."""
        wanted = text.encode(errors="surrogatepass")
        at = bisect_left(range(len(self)), wanted, key=self._bytes)
        return at if at < len(self) and self._bytes(at) == wanted else None

    def arrays(self) -> dict[str, NDArray[Any]]:
        return dict(self._arrays)


@dataclass(frozen=True)
class Catalogue:
    """``user_ids`` and ``item_ids`` in the order of their codes, which is sorted.

    Attributes:
        titles: of the items; None where the data has none.
        seen_start: shape (num_users + 1,); user u has seen ``seen_item[seen_start[u]:seen_start[u + 1]]``, ascending:
            items of the training and the validation part, which is what lists leave out in the offline figures too.
        history: interactions of each user that the version learnt from, shape (num_users,).
        popular: items by how many users the training part has of them, most first, ties by code; ``popular_users``
            the numbers in that order; shapes (num_items,).
        scale: of ratings; None for implicit data.
        relevant_from: the lowest rating that counts as liked; None for implicit data.
    """

    user_ids: Texts
    item_ids: Texts
    titles: Texts | None
    seen_start: NDArray[np.int64]
    seen_item: IntArray
    history: IntArray
    popular: IntArray
    popular_users: IntArray
    scale: tuple[float, float] | None
    relevant_from: float | None

    def __post_init__(self) -> None:
        users, items = len(self.user_ids), len(self.item_ids)
        require_shape("seen_start", self.seen_start, (users + 1,))
        _require_positions("seen_start", self.seen_start, len(self.seen_item))
        require_codes("seen_item", self.seen_item, items)
        require_shape("history", self.history, (users,))
        require_shape("popular", self.popular, (items,))
        require_shape("popular_users", self.popular_users, (items,))
        require_codes("popular", self.popular, items)
        if self.titles is not None and len(self.titles) != items:
            raise ScorerError(f"titles are {len(self.titles)}; accepted: one an item, {items}.")

    @classmethod
    def of(cls, interactions: Interactions, parts: Split, relevant_from: float | None) -> Catalogue:
        users, items = interactions.num_users, interactions.num_items
        learnt_user, learnt_item = interactions.user[parts.train], interactions.item[parts.train]
        rows = np.concatenate([parts.train, parts.validation])
        # One number a pair sorts by user and then by item, and drops what occurs twice.
        pairs = np.unique(interactions.user[rows].astype(np.int64) * items + interactions.item[rows])
        seen = np.bincount(pairs // items, minlength=users)
        met = np.unique(learnt_user.astype(np.int64) * items + learnt_item) % items
        audience = np.bincount(met, minlength=items)
        popular = np.lexsort((np.arange(items), -audience))
        titled = interactions.items is not None and "title" in interactions.items
        return cls(
            user_ids=Texts.packed("user", interactions.user_ids.tolist()),
            item_ids=Texts.packed("item", interactions.item_ids.tolist()),
            titles=Texts.packed("title", interactions.titles().tolist()) if titled else None,
            seen_start=np.concatenate([[0], np.cumsum(seen)]).astype(np.int64),
            seen_item=(pairs % items).astype(np.int32),
            history=np.bincount(learnt_user, minlength=users).astype(np.int32),
            popular=popular.astype(np.int32),
            popular_users=audience[popular].astype(np.int32),
            scale=interactions.scale if interactions.feedback == "explicit" else None,
            relevant_from=relevant_from,
        )

    @property
    def num_users(self) -> int:
        return len(self.user_ids)

    @property
    def num_items(self) -> int:
        return len(self.item_ids)

    def seen(self, user: int) -> IntArray:
        """Item codes, ascending; a view."""
        found: IntArray = self.seen_item[self.seen_start[user] : self.seen_start[user + 1]]
        return found

    def best(self, scores: FloatArray, user: int, n: int) -> IntArray:
        """Codes of the ``n`` unseen items with the highest scores, best first; equal ones by code.

        ``scores`` has shape (num_items,) and is written to: what the user has seen becomes -inf. Fewer than ``n``
        where the user has seen nearly everything.
        """
        seen = self.seen(user)
        scores[seen] = -np.inf
        n = min(n, self.num_items - len(seen))
        if n <= 0:
            return np.empty(0, np.int32)
        # All that reach the n-th score are candidates, so that of equal ones the first in the catalogue is chosen.
        least = np.partition(scores, len(scores) - n)[len(scores) - n]
        candidates = np.flatnonzero(scores >= least)
        order = np.argsort(-scores[candidates], kind="stable")[:n]
        return candidates[order].astype(np.int32)

    def examples(self, most: int = 5) -> list[str]:
        """Ids of some users that the version learnt from, spread over all of them."""
        places = np.unique(np.linspace(0, self.num_users - 1, 4 * most).astype(np.int64))
        met = [int(place) for place in places if self.num_users and self.history[place] > 0]
        step = max(1, len(met) // most)
        return [str(self.user_ids[place]) for place in met[::step][:most]]

    def title(self, item: int) -> str | None:
        return None if self.titles is None else str(self.titles[item])

    def arrays(self) -> dict[str, NDArray[Any]]:
        texts = [self.user_ids, self.item_ids, *([self.titles] if self.titles is not None else [])]
        own = {name: getattr(self, name) for name in ("seen_start", "seen_item", "history", "popular", "popular_users")}
        return {**own, **{name: array for each in texts for name, array in each.arrays().items()}}

    def metadata(self) -> dict[str, str]:
        told = {"format": FORMAT}
        if self.scale is not None:
            told |= {"lowest": repr(float(self.scale[0])), "highest": repr(float(self.scale[1]))}
        if self.relevant_from is not None:
            told["relevant_from"] = repr(float(self.relevant_from))
        return told

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]) -> Catalogue:
        """From ``arrays()`` and ``metadata()``. Raises ScorerError where they do not fit together."""
        if metadata.get("format") != FORMAT:
            raise ScorerError(f"format is {metadata.get('format')!r}; accepted: {FORMAT}.")
        try:
            scale = (float(metadata["lowest"]), float(metadata["highest"])) if "lowest" in metadata else None
            return cls(
                user_ids=Texts("user", arrays),
                item_ids=Texts("item", arrays),
                titles=Texts("title", arrays) if "title_start" in arrays else None,
                seen_start=arrays["seen_start"],
                seen_item=arrays["seen_item"],
                history=arrays["history"],
                popular=arrays["popular"],
                popular_users=arrays["popular_users"],
                scale=scale,
                relevant_from=float(metadata["relevant_from"]) if "relevant_from" in metadata else None,
            )
        except KeyError as missing:
            raise ScorerError(f"The file lacks {missing}.") from missing
        except ValueError as error:
            raise ScorerError(str(error)) from error


def _require_positions(name: str, start: NDArray[Any], total: int) -> None:
    if not len(start) or start[0] != 0 or start[-1] != total or (start[1:] < start[:-1]).any():
        raise ScorerError(f"{name} does not rise from 0 to {total}; accepted: positions that do.")
