"""An embed as a badge: a line of SVG for a README. It has no style sheet, because sites that show pictures of
others may drop it.
"""

from collections.abc import Sequence
from html import escape
from unicodedata import category, east_asian_width

from server.embeds.embedded import Embedded, Line
from server.embeds.words import Words

POLICY = "default-src 'none'; sandbox"
_BADGE = """<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" viewBox="0 0 {width} 20" \
role="img" aria-label="{title}: {figures}" xml:lang="{lang}">
<title>{title}</title>
<desc>{desc}</desc>
<path fill="#414a5c" d="M{left} 0H4a4 4 0 0 0-4 4v12a4 4 0 0 0 4 4h{left_edge}z"/>
<path fill="{fill}" d="M{left} 0h{right_edge}a4 4 0 0 1 4 4v12a4 4 0 0 1-4 4H{left}z"/>
<g fill="#fff" font-family="Verdana,Geneva,DejaVu Sans,sans-serif" font-size="11" aria-hidden="true">
<text x="7" y="14" textLength="{left_text}">{name}</text>
<text x="{right_at}" y="14" textLength="{right_text}">{figures}</text>
</g>
</svg>
"""
_FIGURES_FILL = "#4338ca"
_NOTHING_FILL = "#6b7280"
_PADDING = 7
_RADIUS = 4
_LONGEST_NAME = 40
_MOST_FIGURES = 3
"""A longer line would be made so small on a phone that nobody can read it."""
_NARROW = frozenset(" !'(),.:;I[]fijlrt|·")
_WIDE = frozenset("@MWmw%")


def badge_of(shown: Embedded | None, words: Words) -> str:
    """`shown` is None if there is nothing to show: then the badge says so."""
    name = _plain(shown.name) if shown else "Viewgraph"
    figures = _joined(shown.lines[:_MOST_FIGURES]) if shown else words.nothing
    short = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
    left, right = _width(short), _width(figures)
    return _BADGE.format(
        lang=words.tag,
        title=escape(name),
        desc=_description(shown, figures, words),
        name=escape(short),
        figures=figures,
        fill=_FIGURES_FILL if shown else _NOTHING_FILL,
        left=left + 2 * _PADDING,
        left_edge=left + 2 * _PADDING - _RADIUS,
        right_edge=right + 2 * _PADDING - _RADIUS,
        width=left + right + 4 * _PADDING,
        left_text=left,
        right_text=right,
        right_at=left + 3 * _PADDING,
    )


def _description(shown: Embedded | None, figures: str, words: Words) -> str:
    if shown is None:
        return words.explanation
    return f"{figures}. {words.since}." if shown.has_totals else f"{figures}."


def _joined(lines: Sequence[Line]) -> str:
    return " · ".join(f"{line.number} {line.label}" for line in lines)


def _plain(name: str) -> str:
    """XML has no control characters, not even escaped."""
    return "".join(" " if category(letter) in ("Cc", "Cn", "Co", "Cs") else letter for letter in name)


def _width(text: str) -> int:
    """About how many pixels it takes in Verdana. Viewers stretch the text to this width in other fonts."""
    return round(sum(map(_width_of, text)))


def _width_of(letter: str) -> float:
    if letter in _NARROW:
        return 4.3
    if letter in _WIDE:
        return 10.3
    if east_asian_width(letter) in "WF":
        return 12
    return 7.7 if letter.isupper() else 6.8
