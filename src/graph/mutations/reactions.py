from typing import Annotated

import strawberry

from auth.viewer import TokenScope
from graph.fields import argument, described, mutation
from graph.info import Info
from graph.mutations.arguments import PublicationId
from graph.types.interaction import Comment
from graph.types.payloads import CommentPayload, DeleteCommentPayload, PublicationPayload
from graph.types.publication import Publication
from resolvers import reactions


@strawberry.input(description="A comment on a publication.")
class CommentInput:
    publication_id: strawberry.ID = described("The global id of the publication that the comment is on.")
    body: str = described("Plain text: 1 to 5,000 characters; blanks around them are dropped.")


@strawberry.type
class ReactionMutations:
    """What people do to publications."""

    @mutation(TokenScope.USER)
    async def like_publication(self, info: Info, publication_id: PublicationId) -> PublicationPayload | None:
        """Likes a publication in the viewer's name. A second time changes nothing."""
        return PublicationPayload(
            publication=Publication.of(await reactions.like(info.context, publication_id))
        )

    @mutation(TokenScope.USER)
    async def unlike_publication(
        self, info: Info, publication_id: PublicationId
    ) -> PublicationPayload | None:
        """Takes back the viewer's like. Without a like, nothing changes."""
        return PublicationPayload(
            publication=Publication.of(await reactions.unlike(info.context, publication_id))
        )

    @mutation(TokenScope.USER)
    async def bookmark_publication(
        self, info: Info, publication_id: PublicationId
    ) -> PublicationPayload | None:
        """Bookmarks a publication for the viewer. A second time changes nothing."""
        return PublicationPayload(
            publication=Publication.of(await reactions.bookmark(info.context, publication_id))
        )

    @mutation(TokenScope.USER)
    async def unbookmark_publication(
        self, info: Info, publication_id: PublicationId
    ) -> PublicationPayload | None:
        """Takes back the viewer's bookmark. Without a bookmark, nothing changes."""
        return PublicationPayload(
            publication=Publication.of(await reactions.unbookmark(info.context, publication_id))
        )

    @mutation(TokenScope.USER)
    async def share_publication(self, info: Info, publication_id: PublicationId) -> PublicationPayload | None:
        """Counts a share of the publication by the viewer. Each time counts, so a retry counts again."""
        return PublicationPayload(
            publication=Publication.of(await reactions.share(info.context, publication_id))
        )

    @mutation(TokenScope.USER)
    async def comment_on_publication(
        self, info: Info, input: Annotated[CommentInput, argument("What to write, and on which publication.")]
    ) -> CommentPayload | None:
        """Writes a comment on a publication in the viewer's name."""
        row = await reactions.comment(info.context, input.publication_id, input.body)
        return CommentPayload(comment=Comment.of(row))

    @mutation(TokenScope.USER)
    async def delete_comment(
        self, info: Info, id: Annotated[strawberry.ID, argument("The comment's global id.")]
    ) -> DeleteCommentPayload | None:
        """Deletes a comment. Its author may do so, and the owner and co-creators of its publication."""
        row = await reactions.delete_comment(info.context, id)
        return DeleteCommentPayload(id=id, publication=Publication.of(row))
