"""The first administrator: once, with a password nobody can know, however many processes start at once."""

import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from mlopspro.accounts.models import Membership, User
from mlopspro.accounts.permissions import Role
from mlopspro.accounts.services.bootstrap import ensure_first_admin


@pytest.mark.django_db
def test_on_an_empty_database_the_password_is_random_and_returned_once(monkeypatch):
    first = ensure_first_admin()
    admin = User.objects.get(email=first.email)
    assert first.created
    assert len(first.password) >= 24
    assert admin.check_password(first.password)
    assert (admin.is_superuser, admin.is_staff) == (True, True)
    assert Membership.objects.get(user=admin).role == Role.ADMINISTRATOR
    again = ensure_first_admin()
    assert (again.email, again.password, again.created) == (first.email, None, False)
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_a_given_address_and_password_are_taken_and_not_returned(monkeypatch):
    monkeypatch.setenv("MLOPSPRO_ADMIN_EMAIL", "Ops@Example.org")
    monkeypatch.setenv("MLOPSPRO_ADMIN_PASSWORD", "a long enough passphrase")
    first = ensure_first_admin()
    assert (first.email, first.password, first.created) == ("ops@example.org", None, True)
    assert User.objects.get().check_password("a long enough passphrase")


@pytest.mark.django_db
def test_a_weak_given_password_is_refused():
    with pytest.raises(ValidationError):
        ensure_first_admin(password="admin")
    assert not User.objects.exists()


@pytest.mark.django_db
def test_where_there_are_people_nothing_is_made():
    User.objects.create_user("somebody@example.org", None)
    assert not ensure_first_admin("other@example.org").created
    assert User.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_several_starts_at_once_make_one():
    results, barrier = [], threading.Barrier(4)

    def start():
        barrier.wait()
        try:
            results.append(ensure_first_admin())
        finally:
            connection.close()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(result.created for result in results) == [False, False, False, True]
    assert User.objects.count() == 1
