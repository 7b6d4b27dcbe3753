"""What a role may do on a PostgreSQL server that is not ours: asked before anything is made there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_asyncbench.postgres.names import quote_identifier, quote_literal


@dataclass(frozen=True, slots=True)
class Role:
    """The role that we connect as, on that server.

    `creates`: it may create databases. `base` is the database that ours are copied from; `copies` and `enters` say
    whether the role may copy it, and connect to it. `is_standby`: nothing can be written there.
    """

    name: str
    base: str
    creates: bool
    copies: bool
    enters: bool
    is_standby: bool


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that the role may not do: `why` it is needed, and the `remedy`, SQL for somebody who may run it."""

    what: str
    why: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.what}, and {self.why}: {self.remedy}"


def question(base: str) -> str:
    """The statement that asks for all of it: one row, the fields of a `Role` after its `base`."""
    return f"""
        SELECT role.rolname,
            role.rolsuper OR role.rolcreatedb,
            role.rolsuper OR coalesce(base.datistemplate OR pg_has_role(base.datdba, 'USAGE'), true),
            role.rolsuper OR pg_has_role('pg_read_all_stats', 'USAGE')
                OR coalesce(has_database_privilege(base.oid, 'CONNECT'), true),
            pg_is_in_recovery()
        FROM pg_roles AS role LEFT JOIN pg_database AS base ON base.datname = {quote_literal(base)}
        WHERE role.rolname = current_user
    """


def answered(row: Sequence[object], base: str) -> Role:
    """The role that the answer tells of."""
    name, *rights = row
    return Role(str(name), base, *map(bool, rights))


def missing(role: Role) -> list[Missing]:
    """What the role lacks without which nothing works; empty if it can be used."""
    who, base = quote_identifier(role.name), quote_identifier(role.base)
    found = []
    if role.is_standby:
        found.append(
            Missing(
                "the server is a standby, on which nothing can be created",
                "every test needs a database of its own",
                "name its primary",
            )
        )
    if not role.creates:
        what = f"the role {role.name!r} may not create databases"
        found.append(Missing(what, "every test needs its own", f"ALTER ROLE {who} CREATEDB"))
    if not role.copies:
        what = f"the role {role.name!r} may not copy the database {role.base!r}"
        found.append(Missing(what, "ours are copies of it", f"ALTER DATABASE {base} IS_TEMPLATE true"))
    if not role.enters:
        what = f"the role {role.name!r} may not connect to the database {role.base!r}"
        why = "its size decides how ours are copied from it"
        found.append(Missing(what, why, f"GRANT CONNECT ON DATABASE {base} TO {who}"))
    return found


def refusal(role: Role, where: str) -> str:
    """Why the server at `where` cannot be used by this role, with every remedy; empty if it can."""
    lacks = missing(role)
    if not lacks:
        return ""
    told = "".join(f"\n- {each}" for each in lacks)
    return (
        f"--asyncbench-postgres: the PostgreSQL server at {where} cannot be used as it is:{told}\n"
        "What to do: have a superuser run that, or name another role or server."
    )
