"""The languages of embeds. To add one, write its `Words` and put it into `LANGUAGES`."""

from collections.abc import Mapping
from typing import NamedTuple

from starlette.requests import Request

from figures.engagement import PublicFigure
from server.http.quality_values import quality_values


class Words(NamedTuple):
    tag: str
    """The language, as in the attribute `lang` of HTML."""
    separator: str
    """Between groups of three digits."""
    figures: Mapping[PublicFigure, tuple[str, str]]
    """What stands after the number 1, and after every other number."""
    since: str
    nothing: str
    """In place of figures, if none are shared."""
    explanation: str

    def number(self, value: int) -> str:
        return f"{value:,}".replace(",", self.separator)

    def label(self, figure: PublicFigure, value: int) -> str:
        one, other = self.figures[figure]
        return one if value == 1 else other


_ENGLISH = Words(
    "en",
    ",",
    {
        PublicFigure.TOTAL_VIEWS: ("view", "views"),
        PublicFigure.TOTAL_LIKES: ("like", "likes"),
        PublicFigure.TOTAL_BOOKMARKS: ("bookmark", "bookmarks"),
        PublicFigure.TOTAL_SHARES: ("share", "shares"),
        PublicFigure.TOTAL_COMMENTS: ("comment", "comments"),
        PublicFigure.TOTAL_APPOINTMENTS: ("booking", "bookings"),
        PublicFigure.MONTHLY_ACTIVE_USERS: ("person active in 30 days", "people active in 30 days"),
    },
    "Since the beginning",
    "no figures",
    "No figures are shown to everybody here.",
)
_GERMAN = Words(
    "de",
    ".",
    {
        PublicFigure.TOTAL_VIEWS: ("Aufruf", "Aufrufe"),
        PublicFigure.TOTAL_LIKES: ("Like", "Likes"),
        PublicFigure.TOTAL_BOOKMARKS: ("Lesezeichen", "Lesezeichen"),
        PublicFigure.TOTAL_SHARES: ("Mal geteilt", "Mal geteilt"),
        PublicFigure.TOTAL_COMMENTS: ("Kommentar", "Kommentare"),
        PublicFigure.TOTAL_APPOINTMENTS: ("Buchung", "Buchungen"),
        PublicFigure.MONTHLY_ACTIVE_USERS: ("Person in 30 Tagen aktiv", "Personen in 30 Tagen aktiv"),
    },
    "Seit Beginn",
    "keine Zahlen",
    "Hier sind keine Zahlen für alle zu sehen.",
)
LANGUAGES: Mapping[str, Words] = {words.tag: words for words in (_ENGLISH, _GERMAN)}


def words_for(request: Request) -> Words:
    """The language of the parameter `lang`, else the one that the browser likes best, else English."""
    asked = request.query_params.get("lang", "")
    accepted = ", ".join(request.headers.getlist("accept-language"))
    liked = sorted(quality_values(accepted), key=lambda value: -value.weight)
    for tag in (asked.lower(), *(value.name for value in liked if value.weight)):
        if words := LANGUAGES.get(tag.partition("-")[0]):
            return words
    return _ENGLISH
