"""Whether roles fit a family and a table, before a row is read; every problem at once, each naming its role."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from experiments.learning.data.errors import shorten
from experiments.learning.families import ABOUT, Family
from experiments.learning.tabular.base import Roles


@dataclass(frozen=True)
class RoleProblem:
    """``role`` is a field of Roles."""

    role: str
    message: str


def problems(roles: Roles, family: Family, columns: Sequence[str]) -> list[RoleProblem]:
    """What is missing, unknown, of another family, or given twice; empty where all is well."""
    about = ABOUT[family]
    own = {role.name: role for role in about.roles}
    found = [
        RoleProblem(role.name, f"has no column; accepted: one that holds it ({_lower(role.description)})")
        for role in about.roles
        if role.required and not getattr(roles, role.name)
    ]
    used: dict[str, str] = {}
    for name, value in roles:
        if name == "control":
            continue
        for column in [value] if isinstance(value, str) else value:
            if not column:
                continue
            if name not in own:
                accepted = ", ".join(own)
                found.append(
                    RoleProblem(
                        name,
                        f"is given to {column!r}, but {about.label.lower()} has no such role; accepted: {accepted}",
                    )
                )
            elif column not in columns:
                there = shorten(", ".join(repr(each) for each in columns), 300)
                found.append(RoleProblem(name, f"there is no column {column!r}; accepted: {there}"))
            if column in used:
                found.append(
                    RoleProblem(name, f"{column!r} is {used[column]} already; accepted: a column without a role")
                )
            used.setdefault(column, name)
    return found


def _lower(description: str) -> str:
    return description[:1].lower() + description[1:].rstrip(".")


def from_choices(chosen: dict[str, str], family: Family, *, control: str = "") -> Roles:
    """Roles from column → role ("" for none), as a form or command gives them. A role for one column takes the first.

    Raises ValueError naming a role that two columns have but one may.
    """
    many = {role.name for role in ABOUT[family].roles if role.many}
    values: dict[str, str | tuple[str, ...]] = {}
    for column, role in chosen.items():
        if not role:
            continue
        if role in many:
            values[role] = (*values.get(role, ()), column)
        elif role in values:
            raise ValueError(f"{role}: is given to {values[role]!r} and {column!r}; accepted: one column")
        else:
            values[role] = column
    return Roles.model_validate(values | ({"control": control} if control else {}))


def overridden(suggested: Roles, said: dict[str, tuple[str, ...]], family: Family, *, control: str = "") -> Roles:
    """What was suggested, but for what somebody said: a role that is named has these columns, and they no other role.

    Raises ValueError for a role that the family lacks, or several columns for a role that takes one.
    """
    own = {role.name: role for role in ABOUT[family].roles}
    named = {column for columns in said.values() for column in columns}
    values: dict[str, str | tuple[str, ...]] = {}
    for name, value in suggested:
        if name in own and name not in said:
            columns = tuple(each for each in ((value,) if isinstance(value, str) else value) if each not in named)
            values[name] = columns if own[name].many else "".join(columns[:1])
    for name, columns in said.items():
        if name not in own:
            raise ValueError(f"role {name!r} is not one of {family.label.lower()}; accepted: {', '.join(own)}")
        if len(columns) > 1 and not own[name].many:
            raise ValueError(f"role {name!r} is given to {', '.join(map(repr, columns))}; accepted: one column")
        values[name] = columns if own[name].many else columns[0]
    return Roles.model_validate(values | {"control": control or suggested.control})
