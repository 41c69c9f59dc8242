"""An embed as a page for frames: it has no script, loads nothing, and fits from 320 pixels on."""

from html import escape

from server.embeds.embedded import Embedded, Line
from server.embeds.words import Words
from server.http.built_pages import policy_of, source_of

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.4 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif }
* { box-sizing: border-box; margin: 0 }
body { color: light-dark(#1a1f2b, #e8ebf0) }
main {
  padding: 1rem 1.25rem; border: 1px solid light-dark(#e4e7ec, #2a313b); border-radius: 14px;
  background: light-dark(#fff, #171b21);
}
h1 { font-size: 1rem; font-weight: 650; overflow-wrap: anywhere }
p, dt { color: light-dark(#5b6475, #98a2b3); font-size: .85rem }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(6.5rem, 1fr)); gap: .75rem 1.25rem }
dl { margin: .75rem 0 }
dl div { display: flex; flex-direction: column-reverse; justify-content: flex-end }
dd { font-size: 1.6rem; font-weight: 680; line-height: 1.2; font-variant-numeric: tabular-nums }
h1 + p { margin-top: .5rem }
"""
POLICY = policy_of(f"style-src {source_of(_STYLE)}", framed_by="*")
_PAGE = """<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>{style}</style>
</head>
<body><main>{content}</main></body>
</html>
"""


def page_of(shown: Embedded | None, words: Words) -> str:
    """`shown` is None if there is nothing to show: then the page says so."""
    title = escape(shown.name if shown else words.nothing[:1].upper() + words.nothing[1:])
    since = f"<p>{words.since}</p>" if shown and shown.has_totals else ""
    content = (
        f"<dl>{''.join(map(_figure, shown.lines))}</dl>{since}" if shown else f"<p>{words.explanation}</p>"
    )
    heading = f'<h1 dir="auto">{title}</h1>'
    return _PAGE.format(lang=words.tag, title=title, style=_STYLE, content=heading + content)


def _figure(line: Line) -> str:
    return f"<div><dt>{line.label}</dt><dd>{line.number}</dd></div>"
