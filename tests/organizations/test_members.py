"""Members and invitations as services keep them: always an owner, whoever acts at the same time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from organizations.models import Account, Invitation, Membership, Role, User
from organizations.services import invitations, joining, members
from tests.billing.threads import at_once
from tests.factories import make_member

LAST_OWNER = "An account needs an owner. Make somebody else an owner first."


@pytest.fixture
def account(make_account: Callable[..., Account]) -> Account:
    return make_account("letustalk", name="Brightwave")


def place(account: Account, user: User) -> Membership:
    return Membership.objects.get(account=account, user=user)


def roles(account: Account) -> list[str]:
    return sorted(Membership.objects.filter(account=account).values_list("role", flat=True))


def test_an_owner_changes_roles_and_removes(account: Account) -> None:
    owner, other = make_member(account), make_member(account, Role.VIEWER)
    change = partial(members.change_role, account_id=account.pk, user_id=owner.pk)
    assert change(membership_id=place(account, other).pk, role=Role.BILLING) is True
    assert change(membership_id=place(account, other).pk, role=Role.BILLING) is False
    assert roles(account) == ["billing", "owner"]
    members.remove(account_id=account.pk, membership_id=place(account, other).pk, user_id=owner.pk)
    assert roles(account) == ["owner"]


@pytest.mark.parametrize("role", [Role.BILLING, Role.VIEWER])
def test_nobody_else_changes_anything(account: Account, role: Role) -> None:
    owner, other = make_member(account), make_member(account, role)
    offered, _token = invitations.create_invitation(account=account, email="nina@example.com", role=Role.VIEWER)
    for act in (
        partial(members.change_role, membership_id=place(account, other).pk, role=Role.OWNER),
        partial(members.remove, membership_id=place(account, owner).pk),
        partial(invitations.invite, email="max@example.com", role=Role.OWNER),
        partial(invitations.renew, invitation_id=offered.pk),
        partial(invitations.revoke, invitation_id=offered.pk),
    ):
        with pytest.raises(PermissionDenied):
            act(account_id=account.pk, user_id=other.pk)
    assert roles(account) == sorted(["owner", role.value])
    assert Invitation.objects.get() == offered


def test_the_last_owner_stays_one(account: Account) -> None:
    owner = make_member(account)
    make_member(account, Role.BILLING)
    make_member(account, Role.OWNER, is_active=False)  # cannot sign in, so does not count
    own = place(account, owner)
    for act in (
        partial(members.change_role, membership_id=own.pk, role=Role.VIEWER, user_id=owner.pk),
        partial(members.remove, membership_id=own.pk, user_id=owner.pk),
        partial(members.leave, user_id=owner.pk),
    ):
        with pytest.raises(ValidationError) as refused:
            act(account_id=account.pk)
        assert refused.value.messages == [LAST_OWNER]
    assert roles(account) == ["billing", "owner", "owner"]


def test_one_of_two_owners_may_leave(account: Account) -> None:
    first, second = make_member(account), make_member(account)
    members.leave(account_id=account.pk, user_id=first.pk)
    assert [each.user for each in Membership.objects.filter(account=account)] == [second]
    with pytest.raises(ValidationError):
        members.leave(account_id=account.pk, user_id=second.pk)


def test_another_accounts_member_does_not_exist(account: Account, make_account: Callable[..., Account]) -> None:
    owner, stranger = make_member(account), make_member(make_account("letustalk"))
    foreign = Membership.objects.get(user=stranger)
    with pytest.raises(Membership.DoesNotExist):
        members.remove(account_id=account.pk, membership_id=foreign.pk, user_id=owner.pk)
    with pytest.raises(Membership.DoesNotExist):
        members.change_role(account_id=account.pk, membership_id=foreign.pk, role=Role.VIEWER, user_id=owner.pk)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", ["demote", "remove", "leave"])
def test_two_owners_at_once_leave_one(make_account: Callable[..., Account], act: str) -> None:
    for _round in range(5):
        account = make_account("letustalk")
        first, second = make_member(account), make_member(account)

        def strike(user: User, target: User, account: Account = account) -> None:
            membership = place(account, target)
            if act == "demote":
                members.change_role(
                    account_id=account.pk, membership_id=membership.pk, role=Role.VIEWER, user_id=user.pk
                )
            elif act == "remove":
                members.remove(account_id=account.pk, membership_id=membership.pk, user_id=user.pk)
            else:
                members.leave(account_id=account.pk, user_id=user.pk)

        answers = at_once([partial(strike, first, second), partial(strike, second, first)])
        (failed,) = [each for each in answers if isinstance(each, Exception)]
        assert isinstance(failed, PermissionDenied | ValidationError | Membership.DoesNotExist)
        assert roles(account).count("owner") == 1


def test_an_invitation_is_made_once_for_an_address(account: Account) -> None:
    owner = make_member(account, email="jo@example.com")
    invite = partial(invitations.invite, account_id=account.pk, role=Role.VIEWER, user_id=owner.pk)
    offered, _token = invite(email="  Nina@Example.com ")
    assert (offered.email, offered.role, offered.invited_by) == ("nina@example.com", "viewer", owner)
    for email, words in (
        ("NINA@example.com", "nina@example.com is invited already. Send the invitation again from the list below."),
        ("Jo@example.com", "jo@example.com is a member already."),
        ("nina@", "This is no e-mail address. Write it like name@example.com."),
        ("", "This is no e-mail address. Write it like name@example.com."),
        (f"{'n' * 250}@example.com", "This is no e-mail address. Write it like name@example.com."),
    ):
        with pytest.raises(ValidationError) as refused:
            invite(email=email)
        assert refused.value.message_dict == {"email": [words]}
    assert Invitation.objects.get() == offered


def test_an_expired_invitation_makes_way(account: Account) -> None:
    owner = make_member(account)
    invite = partial(invitations.invite, account_id=account.pk, email="nina@example.com", user_id=owner.pk)
    first, _token = invite(role=Role.VIEWER)
    with time_machine.travel(first.expires_at + timedelta(seconds=1), tick=False):
        second, _token = invite(role=Role.BILLING)
    assert Invitation.objects.get() == second


def test_fifty_invitations_wait_at_most(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invitations, "PENDING_MAX", 2)
    owner = make_member(account)
    invite = partial(invitations.invite, account_id=account.pk, role=Role.VIEWER, user_id=owner.pk)
    first, _token = invite(email="a@example.com")
    invite(email="b@example.com")
    with pytest.raises(ValidationError, match="2 invitations wait for an answer, and that is the most"):
        invite(email="c@example.com")
    invitations.revoke(account_id=account.pk, invitation_id=first.pk, user_id=owner.pk)
    invite(email="c@example.com")
    assert set(Invitation.objects.values_list("email", flat=True)) == {"b@example.com", "c@example.com"}


def test_a_new_link_ends_the_one_before(account: Account) -> None:
    owner = make_member(account)
    offered, old = invitations.create_invitation(account=account, email="nina@example.com", role=Role.VIEWER)
    with time_machine.travel(timezone.now() + timedelta(days=20), tick=False):
        _renewed, new = invitations.renew(account_id=account.pk, invitation_id=offered.pk, user_id=owner.pk)
        with pytest.raises(joining.InvitationUnusable):
            joining.find_invitation(old)
        assert joining.find_invitation(new).invited_by == owner


def test_an_accepted_invitation_is_neither_sent_again_nor_taken_back(account: Account) -> None:
    owner = make_member(account)
    offered, token = invitations.create_invitation(account=account, email="nina@example.com", role=Role.VIEWER)
    joining.join_as_new_user(token=token, name="Nina", password="a brand new passphrase")
    for act in (invitations.renew, invitations.revoke):
        with pytest.raises(Invitation.DoesNotExist):
            act(account_id=account.pk, invitation_id=offered.pk, user_id=owner.pk)


@pytest.mark.django_db(transaction=True)
def test_an_invitation_is_accepted_or_taken_back_never_both(make_account: Callable[..., Account]) -> None:
    for _round in range(5):
        account = make_account("letustalk")
        owner = make_member(account)
        email = f"nina-{account.pk}@example.com"
        offered, token = invitations.create_invitation(account=account, email=email, role=Role.VIEWER)
        struggle: list[Callable[[], object]] = [
            partial(joining.join_as_new_user, token=token, name="Nina", password="a brand new passphrase"),
            partial(invitations.revoke, account_id=account.pk, invitation_id=offered.pk, user_id=owner.pk),
        ]
        answers = at_once(struggle)
        (failed,) = [each for each in answers if isinstance(each, Exception)]
        assert isinstance(failed, joining.InvitationUnusable | Invitation.DoesNotExist)
        joined = Membership.objects.filter(account=account, user__email=email).exists()
        assert joined == isinstance(failed, Invitation.DoesNotExist)
