from typing import Annotated

import strawberry

from auth.viewer import TokenScope
from graph.fields import argument, described, mutation
from graph.info import Info
from graph.inputs import changeable, given, optional
from graph.mutations.arguments import UserId
from graph.scalars import BigInt
from graph.types.insight import UserInsight
from graph.types.payloads import (
    DeletePayload,
    ExportAccountPayload,
    FollowPayload,
    UpdateViewerPayload,
    UserInsightPayload,
)
from graph.types.publication import User
from models import SourceType
from resolvers import account_deletion, insights, people, person_links
from resolvers.insights import Given, GivenWork


@strawberry.input(description="A work of the viewer's.")
class WorkInput:
    item_id: str = described("YouTube video id or SoundCloud track id, at most 200 characters.")
    source_type: SourceType = described("Where it is published.")
    is_individual_work: bool = described("Whether the viewer made it alone.")
    in_app_plays: BigInt = optional(
        "How often it was played here until now, at most 10^12; later events PLAY add to it. When left out "
        "it is 0, even for a work that was there already.",
        BigInt(0),
    )


@strawberry.input(
    description="What the viewer says about themselves. What is left out of an update stays as it is. Null "
    "takes away the page id and the handles; for another field of an update it is BAD_USER_INPUT, with the "
    "reason NULL. In a new insight, null means the same as left out."
)
class UserInsightInput:
    has_about: bool | None = changeable("Whether the profile has a text about the user.")
    number_of_roles: int | None = changeable("How many roles the user has played.")
    number_of_acts: int | None = changeable("How many acts the user has performed.")
    profile_views: BigInt | None = changeable(
        "How often the profile was opened until now, at most 10^12; later events PROFILE_VIEW add to it."
    )
    profile_searches: BigInt | None = changeable(
        "How often a search has found the profile until now, at most 10^12; later events PROFILE_SEARCH add "
        "to it."
    )
    connects: BigInt | None = changeable("How many friends the user has, at most 10^12.")
    facebook_page_id: BigInt | None = changeable(
        "The number of the user's Facebook page, from 1. After a change, followers are null until Facebook "
        "reports them."
    )
    twitter_handle: str | None = changeable(
        "The user's handle on X, once Twitter, with or without an @: 1 to 15 letters, digits and _. After "
        "a change, followers are null until X reports them."
    )
    instagram_handle: str | None = changeable(
        "The user's handle on Instagram, with or without an @: 1 to 30 letters, digits, . and _. After a "
        "change, followers are null until Instagram reports them."
    )
    works: list[WorkInput] | None = changeable(
        "All of the user's works, at most 500: works that are not in the list are removed."
    )


@strawberry.input(description="What to change of the viewer. What is left out stays as it is.")
class UpdateViewerInput:
    name: str | None = changeable(
        "The name by which the viewer wants to be called: 1 to 200 characters; blanks around them are "
        "dropped. Null takes it away."
    )
    username: str | None = changeable(
        "Another unique name: 1 to 40 characters, without spaces and symbols. It is stored in lower case. "
        "CONFLICT if it is taken, or looks like the name of another account. The older name is free then."
    )


@strawberry.input(description="What it takes to delete the viewer's account.")
class DeleteAccountInput:
    password: str | None = optional(
        "The account's password. An account without one signs in by `login` with an authentication key in "
        "the same document instead, or sends the request with a token that the issuer made in the last 10 "
        "minutes: "
        "otherwise BAD_USER_INPUT, with the reason PASSWORD_REQUIRED. If the key was made, or the account at "
        "the issuer was linked, less than a day ago: CONFLICT, with the reason SIGN_IN_TOO_NEW."
    )
    delete_publications: bool = optional(
        "Whether the viewer's publications are deleted, too. If there are any, and this is false: CONFLICT, "
        "with the reason OWNS_PUBLICATIONS.",
        False,
    )


@strawberry.type
class PeopleMutations:
    """Who follows whom, and what users say about themselves."""

    @mutation(TokenScope.USER)
    async def update_viewer(
        self,
        info: Info,
        input: Annotated[UpdateViewerInput, argument("What to change of the viewer.")],
    ) -> UpdateViewerPayload | None:
        """Changes the account of the viewer. The email is changed by `changeEmail`."""
        return UpdateViewerPayload(user=User.of(await people.update_viewer(info.context, given(input))))

    @mutation(TokenScope.USER)
    async def export_account(self, info: Info) -> ExportAccountPayload | None:
        """Gives a link to a file of JSON with everything that is kept of the viewer. It is good for 15
        minutes."""
        return ExportAccountPayload(url=await person_links.person_url(info.context))

    @mutation(TokenScope.USER)
    async def delete_account(
        self,
        info: Info,
        input: Annotated[DeleteAccountInput, argument("What it takes to delete the account.")],
    ) -> DeletePayload | None:
        """Deletes the viewer's account, with what the viewer owns, and erases the viewer: likes, bookmarks,
        comments, appointments to come and follows are taken back, and other events become those of nobody.
        Nobody finds the account from then on; the rest goes in the background. CONFLICT, with the reason
        LAST_OWNER, if an organization with other members would have no owner; one without other members is
        deleted. The rest of the operation is anonymous."""
        id = await account_deletion.delete_account(
            info.context, input.password, deletes_publications=input.delete_publications
        )
        return DeletePayload(id=strawberry.ID(id))

    @mutation(TokenScope.USER)
    async def follow_user(self, info: Info, user_id: UserId) -> FollowPayload | None:
        """The viewer follows the user from now on. A second time changes nothing. Nobody can follow
        themselves: BAD_USER_INPUT."""
        return FollowPayload(user=User.of(await people.follow(info.context, user_id)))

    @mutation(TokenScope.USER)
    async def unfollow_user(self, info: Info, user_id: UserId) -> FollowPayload | None:
        """The viewer no longer follows the user. Nothing changes if the viewer did not follow the user
        before."""
        return FollowPayload(user=User.of(await people.unfollow(info.context, user_id)))

    @mutation(TokenScope.USER)
    async def create_user_insight(
        self,
        info: Info,
        input: Annotated[UserInsightInput, argument("What the viewer says about themselves.")],
    ) -> UserInsightPayload | None:
        """Makes the viewer's insight. CONFLICT if there is one already."""
        row = await insights.create_insight(info.context, _given(input))
        return UserInsightPayload(user_insight=UserInsight.of(row))

    @mutation(TokenScope.USER)
    async def update_user_insight(
        self,
        info: Info,
        input: Annotated[UserInsightInput, argument("What to change of what the viewer says.")],
    ) -> UserInsightPayload | None:
        """Changes the viewer's insight. NOT_FOUND if there is none."""
        row = await insights.update_insight(info.context, _given(input))
        return UserInsightPayload(user_insight=UserInsight.of(row))


def _given(input: UserInsightInput) -> Given:
    told: Given = given(input)
    if input.works:
        told["works"] = [
            GivenWork(work.source_type, work.item_id, work.is_individual_work, work.in_app_plays)
            for work in input.works
        ]
    return told
