"""What the admin pages of this app share: rows are looked at here; what changes one goes through its service."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.auth import get_permission_codename
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

from experiments.models.job import JobStateError
from mlopspro.accounts.admin import ReadOnlyAdmin as NobodyEdits

if TYPE_CHECKING:  # generic for the type checker only
    AnyAdmin = admin.ModelAdmin[Any]
    AnyPaginator = Paginator[Any]
else:
    AnyAdmin, AnyPaginator = admin.ModelAdmin, Paginator

COUNT_EXACTLY_BELOW = 100_000


class EstimatingPaginator(AnyPaginator):
    """Takes PostgreSQL's own estimate for a large, unfiltered table; counting millions of rows takes seconds."""

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        if isinstance(rows, QuerySet) and not rows.query.where:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [rows.model._meta.db_table]
                )
                estimated = int(cursor.fetchone()[0])
            if estimated >= COUNT_EXACTLY_BELOW:
                return estimated
        return int(super().count)


class ReadOnlyAdmin(NobodyEdits):
    """Results, and what the product keeps for itself; large tables are counted by an estimate."""

    paginator = EstimatingPaginator
    show_full_result_count = False
    list_per_page = 50

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Whether the actions of this table are offered: who may change its rows, though only through a service."""
        return request.user.has_perm(f"{self.opts.app_label}.{get_permission_codename('change', self.opts)}")


def each(
    admin_class: AnyAdmin, request: HttpRequest, rows: QuerySet[Any], act: Callable[[Any], object], done: str
) -> None:
    """Calls a service for each ticked row and says what came of it; a refusal of one does not stop the others."""
    count = 0
    for row in rows:
        try:
            act(row)
            count += 1
        except JobStateError as error:
            admin_class.message_user(request, f"{row}: {error}", messages.WARNING)
    if count:
        admin_class.message_user(request, f"{count} {done}.", messages.SUCCESS)
